// Package quorum tells who belongs to an ensemble and which sets of its voters
// decide: a majority, or groups by weight. It guarantees that any two deciding sets of
// one view share a voter. It does not know what they decide.
package quorum
