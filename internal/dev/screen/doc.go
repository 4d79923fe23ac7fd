// Package screen shows what running servers say over and over: their roles, what they are
// asked and how long they take, with the last minute of it as a line of bars. A History is
// values in, text out; a Watch asks, keeps the time and writes.
//
// It guarantees memory for a minute, however long it goes on, one write for each round, and
// that a terminal is as it was when Run returns. It decides nothing about what it shows.
package screen
