package zoo

import (
	"errors"
	"strings"
	"unicode/utf8"
)

// ErrPath is the error of every malformed path; its wrappers tell the reason.
var ErrPath = errors.New("invalid path")

type pathError struct{ path, reason string }

func (e *pathError) Error() string { return "invalid path " + e.path + ": " + e.reason }
func (e *pathError) Unwrap() error { return ErrPath }

// ValidatePath tells whether a path may name a znode that is to be created,
// by the rules of Java's PathUtils: absolute, no empty, "." or ".." component,
// no trailing slash, no control, surrogate, private-use or special character.
func ValidatePath(path string) error {
	if path == "" {
		return &pathError{path, "empty"}
	}
	if path[0] != '/' {
		return &pathError{path, "does not start with /"}
	}
	if path == "/" {
		return nil
	}
	if path[len(path)-1] == '/' {
		return &pathError{path, "ends with /"}
	}
	for part := range strings.SplitSeq(path[1:], "/") {
		if part == "" || part == "." || part == ".." {
			return &pathError{path, "has the component \"" + part + "\""}
		}
	}
	return validateRunes(path)
}

func validateRunes(path string) error {
	for i := 0; i < len(path); {
		c := path[i]
		if c >= 0x20 && c < 0x7f {
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(path[i:])
		// Invalid bytes decode to U+FFFD, which the special range refuses too.
		if r <= 0x1f || r >= 0x7f && r <= 0x9f || r >= 0xd800 && r <= 0xf8ff || r >= 0xfff0 {
			return &pathError{path, "has a character that is not allowed"}
		}
		i += size
	}
	return nil
}

// SplitPath is a path's parent and its last component. The parent of a child
// of the root is "/".
func SplitPath(path string) (parent, name string) {
	i := strings.LastIndexByte(path, '/')
	if i <= 0 {
		return "/", path[i+1:]
	}
	return path[:i], path[i+1:]
}
