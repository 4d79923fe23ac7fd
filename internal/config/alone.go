package config

import (
	"fmt"
	"strings"
)

// ensembleKeys are those that say who is in the ensemble.
var ensembleKeys = []string{"server.", "group.", "weight.", "dynamicConfigFile",
	"standaloneEnabled", "peerType"}

// Alone is the text of a zoo.cfg in which this server is the only member of its
// ensemble: a voter, so that others can join it later. All other lines stay.
func Alone(file string, c *Config) (string, error) {
	text, err := readFile(file)
	if err != nil {
		return "", err
	}
	self, ok := c.Server(c.ID)
	if !ok {
		return "", &Error{File: file, Reason: fmt.Sprintf("has no %s line", self.Key())}
	}
	self.Observer = false
	var b strings.Builder
	b.WriteString("# The first server of a new ensemble. Others are added here and in theirs.\n")
	eachLine(text, func(key, lines string) {
		if !namesEnsemble(key) {
			b.WriteString(lines)
		}
	})
	fmt.Fprintf(&b, "standaloneEnabled=false\n%s=%s\n", self.Key(), self)
	return b.String(), nil
}

const blanks = " \t\f"

func isComment(line string) bool {
	line = strings.TrimLeft(line, blanks)
	return line != "" && (line[0] == '#' || line[0] == '!')
}

func namesEnsemble(key string) bool {
	for _, name := range ensembleKeys {
		if key == name || strings.HasSuffix(name, ".") && strings.HasPrefix(key, name) {
			return true
		}
	}
	return false
}
