//go:build !linux

package main

import "os"

func syncOf(file *os.File) func() error { return file.Sync }
