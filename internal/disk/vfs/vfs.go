package vfs

import (
	"errors"
	"io"
	"time"
)

// FS is a file system as the disk rooms need it. Names are slash or OS paths;
// a missing file is reported with an error that matches fs.ErrNotExist.
type FS interface {
	// Create makes an empty file for reading and writing, replacing what was there.
	Create(name string) (File, error)
	// CreateNew is Create for a name that must not exist yet (fs.ErrExist).
	CreateNew(name string) (File, error)
	// Open opens a file for reading.
	Open(name string) (File, error)
	// OpenWrite opens an existing file for reading and writing.
	OpenWrite(name string) (File, error)
	// Rename replaces target by source in one step; SyncDir makes it durable.
	Rename(source, target string) error
	// Remove deletes a file; SyncDir makes it durable.
	Remove(name string) error
	// List gives the sorted names of the files and directories in dir.
	List(dir string) ([]string, error)
	// MkdirAll makes dir and its parents, durably.
	MkdirAll(dir string) error
	// SyncDir makes the creations, renames and removals in dir durable.
	SyncDir(dir string) error
	// Stat gives the size of a file, or an error if there is none.
	Stat(name string) (Info, error)
	// Space tells how much room there is where dir lies.
	Space(dir string) (Space, error)
	// Lock takes the named lock file for this process until it is closed.
	Lock(name string) (io.Closer, error)
}

// Info is what Stat knows about a name.
type Info struct {
	Size int64
	Dir  bool
	// Modified is when the content was last changed; zero where nobody knows.
	Modified time.Time
}

// File is an open file. Read and Write move a cursor that starts at 0.
type File interface {
	io.Reader
	io.ReaderAt
	io.Writer
	io.WriterAt
	io.Closer
	// Sync makes the content and the size durable, not the name: see SyncDir.
	Sync() error
	// Truncate cuts or extends the file to size; an extension reads as zeros.
	Truncate(size int64) error
	// Preallocate reserves space up to size, reads as zeros, never shrinks.
	Preallocate(size int64) error
	// Size is the current length in bytes.
	Size() (int64, error)
}

// Space is the room of a file system, in bytes.
type Space struct {
	// Free is what this process may still fill, Total all there is.
	Free, Total int64
}

// IsNoSpace tells whether an error says that there is no room left, or that a quota
// of the system's is used up.
func IsNoSpace(err error) bool {
	for _, reason := range noSpace {
		if errors.Is(err, reason) {
			return true
		}
	}
	return false
}
