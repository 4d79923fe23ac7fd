// Package tidy keeps the style guide's lines that a program can check: the arrows
// between rooms, the purity of the core, lengths, names and comments. It guarantees
// that nothing new breaks them; what is already over a length stands in
// testdata/ratchet.txt and may only shrink. It holds no code for production and
// judges no test's content beyond what the guide says of tests.
package tidy
