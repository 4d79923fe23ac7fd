//go:build !unix

package bench

// descriptorsMax is nothing that can be asked here.
func descriptorsMax() (most int, known bool) { return 0, false }
