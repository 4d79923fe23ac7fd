//go:build !linux

package survey

// fileSystem is not known on this system.
func fileSystem(string) string { return "" }

// sameDevice tells it of one and the same directory only.
func sameDevice(a, b string) bool { return a == b }
