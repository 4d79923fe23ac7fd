// Package command holds the answers that operators get, written once for every way of
// asking: four-letter words on the client port, HTTP, and the tools that ask one of them.
// What there is to ask is one table, rows.go. It guarantees the texts that ZooKeeper's tools
// and monitoring agents parse, and the rules of the whitelist.
//
// It knows no server: what the answers are about comes in as a Source. It opens no
// socket, and an answer never changes what it is about.
package command
