// Package words asks Java's server and ours the same four-letter words after the
// same small history, and compares the answers line by line with the figures masked.
package words
