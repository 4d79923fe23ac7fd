// Package migrate plays an operator who replaces the servers of an ensemble of Java's
// ZooKeeper 3.8.0 by ours with zoo migrate, one at a time under load, and goes the way
// back. What it types and reads is the transcript of docs/operate/migrate.md:
//
//	ZOO_TRANSCRIPT=FILE go test -count=1 ./test/migrate
package migrate
