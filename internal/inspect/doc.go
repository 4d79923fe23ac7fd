// Package inspect is the reading room of the offline tools: it reads logs and
// snapshots, whole or damaged, and mends them by making new files beside the old
// ones. It guarantees that nothing is changed without a plan that can be shown
// first, that whatever is replaced is kept under another name, and that damage is
// told with file and offset, all of it and not only the first.
//
// It prints nothing: results are values with JSON names, which are the tools'
// stable output. Reading beside a running server is safe, since files only grow,
// but sees the end of the newest log in motion; changing takes the directory's
// lock, so that no server runs meanwhile.
package inspect
