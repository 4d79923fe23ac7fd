// Package shell is ZooKeeper's command line client, zkCli: the same commands, options,
// texts, streams and exit codes, so that scripts written for it go on working. What zkCli
// has not are more rows of the same table. A row serves the shell, which reads lines, and a
// command by itself (Once). It guarantees that a wrong command is answered and the shell goes
// on. It does not edit lines: a terminal does that.
package shell
