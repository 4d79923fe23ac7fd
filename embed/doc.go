// Package embed runs a ZooKeeper server inside of a Go program: standalone, or as a member
// of an ensemble. It is the server of zoo serve, with its files, its protocol and its
// settings.
//
// A program may run as many as it likes. Nothing is shared between them, nothing is
// written to the program's output, and when Close or Wait has returned no goroutine, no
// connection and no open file is left. For tests there is package zootest.
//
// What zoo serve does for its process is left to the program: signals, exit codes, and how
// far the heap may grow between two collections of the garbage.
package embed
