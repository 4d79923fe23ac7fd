// Package audit writes who changed what: one line for each change that a client asked for,
// with what became of it, as ZooKeeper 3.9 does with audit.enable. It guarantees that nobody
// waits for a line, that what waits is bounded, that what is lost is counted and stands in the
// log as lost, and that no line has data, passwords or their hashes.
//
// Each line is an object of JSON with ZooKeeper's fields, absent ones left out:
//
//	session user ip operation znode znode_type acl result
//
// and beside them zxid, of what was done, and error, of what was not.
package audit
