// Package admin is the HTTP server for operators: ZooKeeper's AdminServer. It
// guarantees the paths, fields, headers and status codes that tools know from Java's,
// and that a command which shows or replaces data is carried out only for somebody
// who may do everything at the root.
//
// It knows no server: answers come from a command.Answerer, data from a Data. A
// command is a row of command.Table, with its answer in commands.go. Nothing here may
// hold up the server: a client that does not read or write is cut off after the idle
// timeout.
package admin
