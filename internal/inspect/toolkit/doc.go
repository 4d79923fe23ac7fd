// Package toolkit is the stand-in for ZooKeeper's own offline tools: the same
// options, lines and exit codes as zkTxnLogToolkit.sh and zkSnapShotToolkit.sh of
// 3.9 have, for scripts that read them. People are better served by zoo log and zoo
// snapshot, which go on behind damage.
//
// Times are written as Java 9 to 19 write them for the language en, in the local
// time zone.
package toolkit
