// Package throttle limits how fast new connections are taken in: a bucket of tokens,
// and on top a chance of refusal that grows while the bucket is empty (BLUE, "A New
// Class of Active Queue Management Algorithms", as ZOOKEEPER-3242 has it for
// connections). It guarantees that no more tokens are given out than were filled in.
// It knows neither clocks nor chance: both come in as values.
package throttle
