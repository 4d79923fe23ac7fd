//go:build unix

package vfs

import (
	"io"
	"os"
)

func (OS) hold(name string) io.Closer {
	f, err := os.Open(name)
	if err != nil {
		return nil // Remove will tell.
	}
	return f
}
