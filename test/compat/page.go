package compat

// pageHead and pageTail stand around the table in docs/compatibility.md.
const (
	pageHead = `# What differs from Java's ZooKeeper

The test in test/compat sends the same random requests to Java's ZooKeeper 3.8.0, with Debian's
patches, and to zoo: valid, borderline and wrong, from several sessions, with watches, ACLs, quotas
and multis, handshakes, renewals and broken frames. They go to standalone servers, one of them with
a small jute.maxbuffer, through the leader, a follower and the observer of an ensemble, where
sessions move, and through a follower with local sessions. Replies, their headers, watch
events and their order, and the ends of connections have to be the same. What is allowed to differ
is in this table, which is written from the test's own: a difference that is not here fails the
test, and so does a row that nothing needs any more. What a row says of 3.9 is read, not tested.

| What | Java 3.8.0 | zoo | Why |
|---|---|---|---|
`
	pageTail = `
What is compared by its relation: zxids, which must stand for each other in the same order;
session ids; times, which are one for each transaction. What has no order in Java either is
compared as a set: children, ephemerals, the identities of whoAmI, and the events of the
ephemerals that go with one session.

What Java leaves to chance, and the test therefore avoids:

- After a setACL, writes that are sent without waiting for its answer, and that need a permission
  of its znode, are checked by the old list or the new one. Here it is always the new one.
- A write is compared with the usage of a hard quota as it is applied; what is under way may count
  or not.
- An identity's place in what an ACL's entry of the scheme auth becomes, among several, is any.
- A create of a container with the flags of an ephemeral counts as an ephemeral until it is
  applied. Here it never does.
- The answers to auth, and to operations that do not exist, may overtake those to earlier
  requests. Here they do not.
- A few requests that follow a closeSession may be answered before the connection ends. So it is
  with what follows the first write of a session that has moved to another server; and where such
  a session is closed, with the events that its older connection hears before its end.
- A session of an ensemble is stuck after a reconfig that cannot be read; there is no answer.
- A member of an ensemble may sleep on a commit until the next one comes (ZOOKEEPER-4537).
- A sync at the leader may be answered before the leader has applied what a follower has answered.

What only older servers do, and which would lead the two apart, is avoided as well: Java 3.8 keeps
one mode for all watches of a client on a path, and the last one that it sets takes the place of
the others.
`
)
