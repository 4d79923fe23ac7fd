// Package kerberos holds the stories of clients that come with Kerberos tickets: a
// real KDC of MIT in a directory, Java's zkCli.sh, and a zoo server with a JAAS file
// as Java's server has it. What it says of zoo is true of Java's server as well:
//
//	ZOO_CLIENTS_SERVER=java go test ./test/kerberos
//
// It guarantees nothing about other KDCs.
package kerberos
