package vfs

import "fmt"

// CorruptError says that a file does not hold what was once made durable in it.
// It stops the server: going on could forget what was acknowledged.
type CorruptError struct {
	File   string
	Offset int64  // where in the file, or -1 when the whole file is meant
	Want   string // what must be there
	Got    string // what is there
	Advice string // what the operator can do
}

// Error tells the operator where and what, and the advice if there is one.
func (e *CorruptError) Error() string {
	where := e.File
	if e.Offset >= 0 {
		where = fmt.Sprintf("%s at offset %d", e.File, e.Offset)
	}
	text := fmt.Sprintf("corrupt %s: want %s, got %s", where, e.Want, e.Got)
	if e.Advice != "" {
		text += "; " + e.Advice
	}
	return text
}
