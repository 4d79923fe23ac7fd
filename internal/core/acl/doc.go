// Package acl decides who may do what to a znode. It guarantees ZooKeeper's
// order of evaluation: no list or skipACL allows, then the super user, then entry
// by entry. It does not know znodes, connections or handshakes: identities come
// in as values, and a scheme whose proof needs a handshake adds its identities
// where the handshake ends.
package acl
