// Package vfs is the one door between this project and a file system. It
// guarantees that every touch of a disk can be seen, failed and counted (Faulty)
// and that the power can be cut at any instant (Mem.Crash). It knows nothing of
// what the files mean.
package vfs
