// Package words asks Java's server and ours the same four-letter words after the
// same small history, and compares the answers line by line with the figures masked.
// Ensembles are asked the commands of the admin server as well, whose answers must have
// the same fields.
package words
