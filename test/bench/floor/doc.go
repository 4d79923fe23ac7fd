// Package main is the floor, the bare program that this project is measured against: what
// any server that acknowledges a write after an fsync of a majority has to do, and nothing
// else. It frames, appends, fsyncs, replicates and answers. How far a real server is from
// it is what that server's own work costs.
//
//	floor -client 127.0.0.1:2181 -dir DIR
//	floor -client 127.0.0.1:2181 -dir DIR -id 1 -peers HOST:PORT,HOST:PORT,HOST:PORT
//
// It speaks as much of ZooKeeper's client protocol as zoo bench needs: the handshake,
// ping, create, delete, setData, getData, exists, closeSession, and srvr. It is no
// ZooKeeper. There is no tree: every answer is fixed, with a valid Stat, and getData
// gives the same -value bytes for every path. A session is what its begin and its end are in
// the log, and all have the same number. There are no checks, watches,
// ACLs, elections, snapshots or recoveries. The last of -peers leads, as the highest id
// does in the ensembles that it is compared with. A peer that is lost ends the server.
//
// What it does as the others do: requests become batches, as many as arrive while the
// last batch is synced; each batch is appended to the log with one call and synced with
// one fdatasync; an answer goes out when a majority of the servers, whoever they are,
// have synced its batch; answers of one connection are in the order of its requests. A
// follower sends its clients' writes to the leader, gets them back in the leader's order,
// and answers them when it hears of their commit. Reads are answered where they arrive.
//
// It allocates nothing for a request, and what one goroutine can do at once it does not
// hand to another (docs/adr/0068-floor.md).
//
// The log is a ring of ringBytes that is filled with zeros beforehand, so that a sync
// never has metadata to write: the best that a log can do.
package main
