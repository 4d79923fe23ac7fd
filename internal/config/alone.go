package config

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"zoo"
)

// ensembleKeys are those that say who is in the ensemble.
var ensembleKeys = []string{"server.", "group.", "weight.", "dynamicConfigFile",
	"standaloneEnabled", "peerType"}

// Founding is the configuration of a server that founds an ensemble.
type Founding struct {
	// Text is that of its zoo.cfg.
	Text string
	// DynamicFile and DynamicText are the name and the text of the file with its own line,
	// empty where that is in zoo.cfg.
	DynamicFile, DynamicText string
}

// Alone is the configuration in which this server is the only member of its ensemble: a
// voter, so that others can join it later. All other lines stay. It is to be written to
// output. Where reconfigurations are on it has the version: those in the server's log are
// older then, and bind nobody.
func Alone(file string, c *Config, output string, version zoo.Zxid) (Founding, error) {
	text, err := readFile(file)
	if err != nil {
		return Founding{}, err
	}
	self, ok := c.Server(c.ID)
	if !ok {
		return Founding{}, &Error{File: file, Reason: fmt.Sprintf("has no %s line", self.Key())}
	}
	self.Observer = false
	var b strings.Builder
	b.WriteString("# The first server of a new ensemble. Others are added here and in theirs.\n")
	eachLine(text, func(key, lines string) {
		if !namesEnsemble(key) {
			b.WriteString(lines)
		}
	})
	b.WriteString("standaloneEnabled=false\n")
	line := fmt.Sprintf("%s=%s\n", self.Key(), self)
	if !c.ReconfigEnabled {
		b.WriteString(line)
		return Founding{Text: b.String()}, nil
	}
	dynamic, err := filepath.Abs(output + dynamicSuffix + strconv.FormatInt(int64(version), 16))
	fmt.Fprintf(&b, "dynamicConfigFile=%s\n", dynamic)
	return Founding{Text: b.String(), DynamicFile: dynamic, DynamicText: line}, err
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
