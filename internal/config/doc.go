// Package config turns a zoo.cfg, a myid file and -D properties into one typed
// Config. It guarantees that whatever it returns is complete and consistent, and
// that every error and warning names the file and the line it is about. Every
// setting is one row of the tables in keys_*.go: name, default, meaning, and how it
// is read or why it changes nothing here.
//
// It reads files but opens no socket, resolves no name and creates nothing. A
// Config is immutable after Load; whoever wants another one loads again.
package config
