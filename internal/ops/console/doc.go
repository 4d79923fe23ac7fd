// Package console serves the web console: the files of static, embedded as they are written,
// since there is no step that builds them. It guarantees that a page runs no other script than
// those and reaches no other server (a Content-Security-Policy that names only the own origin),
// and that a browser looks whether a file has changed before it uses its own copy.
//
// It knows nothing of the server: what a page shows comes from the commands of the admin
// server, and who may see it is decided there. The files are the same for everybody, and
// hold no secret.
package console
