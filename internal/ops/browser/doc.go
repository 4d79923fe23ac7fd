// Package browser shows the znodes to the web console, and changes them where that is
// allowed, as JSON over HTTP.
//
// It is a client of its own server, on connections in memory: what it may see and do is what
// ACLs, quotas, throttles and the audit log make of the identity of whoever asks, and of the
// address that the question came from. It does not decide who may ask at all; the admin server
// does.
package browser
