// Package survey gathers the facts that a doctor judges: it reads configurations, data
// directories, certificates and this machine, resolves names, dials ports, and asks running
// servers by four-letter words and over HTTP. It guarantees an answer within seconds for
// each server, bounded memory, and that it changes nothing: only when it is told to measure
// the disk does it write a file, which it removes. What it could not look at it says.
package survey
