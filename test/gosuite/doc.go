// Package gosuite runs the own test suite of github.com/go-zookeeper/zk, unmodified,
// against our server: it starts servers with dist/bin/zkServer.sh as it would start
// Java's. It guarantees that every test of that suite passes, but for those that
// the suite itself skips, which are named here.
package gosuite
