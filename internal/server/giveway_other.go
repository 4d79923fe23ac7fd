//go:build !linux

package server

import "runtime"

// giveWay lets other goroutines of this server have the core for a moment.
func giveWay() { runtime.Gosched() }
