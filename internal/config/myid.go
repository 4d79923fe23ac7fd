package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"zoo"
)

// readMyID reads the server's number from the first line of dataDir/myid.
func readMyID(dataDir string) (zoo.ServerID, error) {
	name := filepath.Join(dataDir, "myid")
	text, err := readFile(name)
	if err != nil {
		return 0, err
	}
	line, _, _ := strings.Cut(text, "\n")
	id, err := strconv.ParseInt(strings.TrimSpace(line), 10, 64)
	if err != nil {
		return 0, &Error{File: name, Line: 1,
			Reason: fmt.Sprintf("%q is not a number", strings.TrimSpace(line))}
	}
	return zoo.ServerID(id), nil
}

// Claim makes DataDir that of this server: it writes myid where there is none, and refuses
// a directory of another server, whose promises and votes it holds. It is for who was told
// by Source.ID who it is. An error that is the operator's is an Error.
func (c *Config) Claim() error {
	name := filepath.Join(c.DataDir, "myid")
	owner, err := readMyID(c.DataDir)
	switch _, statErr := os.Stat(name); {
	case err == nil && owner == c.ID:
		return nil
	case err == nil:
		return &Error{File: name, Line: 1, Reason: fmt.Sprintf(
			"is %d: this is the directory of another server than %d", owner, c.ID)}
	case !errors.Is(statErr, fs.ErrNotExist):
		return err // It is there, and says nothing of use.
	}
	if !c.Storage.DirsExpected {
		if err := os.MkdirAll(c.DataDir, 0o755); err != nil {
			return err
		}
	}
	return writeWhole(name, strconv.FormatInt(int64(c.ID), 10)+"\n")
}
