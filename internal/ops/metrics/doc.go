// Package metrics counts what a server does, under the names that ZooKeeper's
// monitoring knows. It guarantees that to observe costs a few atomic operations and
// neither a lock nor an allocation, and that a nil metric may be observed and
// changes nothing.
//
// It does not know what is counted, nor who asks: package server names the metrics
// and observes, package command shows them. Readings of different metrics are not
// of one instant.
package metrics
