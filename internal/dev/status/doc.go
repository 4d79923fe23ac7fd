// Package status asks running servers for their state by four-letter words, of
// this project or of any other ZooKeeper. It guarantees an answer or an error
// within a few seconds and bounded memory; it keeps no connection and decides
// nothing about what it hears.
package status
