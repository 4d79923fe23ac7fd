//go:build unix

package vfs

import (
	"errors"
	"os"
	"syscall"
)

var noSpace = []error{syscall.ENOSPC, syscall.EDQUOT}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	return errors.Join(err, d.Close())
}
