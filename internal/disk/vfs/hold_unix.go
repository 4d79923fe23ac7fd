//go:build unix

package vfs

import "os"

func (OS) hold(name string) Held {
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		// Only the owner may shrink it. What else is wrong Remove will tell.
		if f, err = os.Open(name); err != nil {
			return nil
		}
	}
	return &heldFile{File: f}
}

// heldFile is a file that has lost its name, or will.
type heldFile struct {
	*os.File
	asked, ours bool // whether nobody else can reach the content
	left        int64
}

// Shrink implements Held.
func (f *heldFile) Shrink(bytes int64) int64 {
	if !f.asked {
		f.asked = true
		f.left, f.ours = onlyHolder(f.File)
	}
	if !f.ours {
		return 0
	}
	f.left = max(f.left-bytes, 0)
	if err := f.Truncate(f.left); err != nil {
		f.ours, f.left = false, 0 // Close does the rest.
	}
	return f.left
}
