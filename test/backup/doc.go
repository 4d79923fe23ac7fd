// Package backup tests zoo backup as an operator uses it: real servers, the command,
// and what it says must be done.
package backup
