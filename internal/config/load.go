package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"zoo"
)

// Source says where the settings are.
type Source struct {
	// Args is what stands on the command line: nothing (the embedded defaults), a
	// zoo.cfg, or clientPort dataDir [tickTime] [maxClientCnxns].
	Args []string
	// Properties are the -D options, each name=value.
	Properties []string
	// StateDir is where the embedded defaults keep their data; without it there are none.
	StateDir string
	// ID stands for what is in dataDir/myid, for whoever reads the configuration of a
	// server on another machine, or for a program that has a server inside. 0 reads the file.
	ID zoo.ServerID
	// DataDir and ClientListen are what such a program says itself: they come before all
	// else that says the same. The port of ClientListen may be 0, which is any free one.
	DataDir, ClientListen string
}

// StateDir is the user's directory for state: $XDG_STATE_HOME/zoo, or
// .local/state/zoo in the home directory.
func StateDir() (string, error) {
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "zoo"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("find the state directory: %w", err)
	}
	return filepath.Join(home, ".local", "state", "zoo"), nil
}

// Load reads the settings. The warnings are valid also beside an error; the
// error joins everything that is wrong, and wraps ErrConfig.
func Load(src Source) (*Config, []Warning, error) {
	d, err := read(src)
	if err != nil {
		return nil, d.warnings, err
	}
	return &d.Config, d.warnings, nil
}

// read makes a draft of all that was given, and settles it. The draft is valid
// beside an error as well.
func read(src Source) (*draft, error) {
	d := newDraft("")
	file, settings, err := gather(src)
	if err != nil {
		return d, err
	}
	properties, err := parseDefines(src.Properties)
	if err != nil {
		return d, err
	}
	d.File, d.Properties, d.ID = file, defined(src.Properties), src.ID
	for _, s := range slices.Concat(properties, settings) {
		r, _ := findRow(s.key)
		d.Given = append(d.Given, s.describe(r))
	}
	// A line of the file overrides a -D of the same name, as in Java.
	if err := errors.Join(d.take(properties), d.take(settings)); err != nil {
		return d, err
	}
	if err := d.takeDynamic(settings); err != nil {
		return d, err
	}
	if src.DataDir != "" {
		d.DataDir = src.DataDir
	}
	d.ClientListen = src.ClientListen
	return d, d.settle()
}

// gather turns the command line into settings.
func gather(src Source) (file string, settings []setting, err error) {
	switch len(src.Args) {
	case 0:
		if src.StateDir == "" {
			return "", nil, nil
		}
		return "", embedded(src.StateDir), nil
	case 1:
		text, err := readFile(src.Args[0])
		if err != nil {
			return "", nil, err
		}
		settings, err := parseProperties(src.Args[0], text)
		return src.Args[0], settings, err
	case 2, 3, 4:
		return "", positional(src.Args), nil
	}
	return "", nil, &Error{Reason: "more than four arguments; " +
		"want a zoo.cfg, or clientPort dataDir [tickTime] [maxClientCnxns]"}
}

// embedded is the configuration of a server nobody configured: reachable from
// this machine only.
func embedded(stateDir string) []setting {
	return []setting{
		{key: "dataDir", value: filepath.Join(stateDir, "data"), origin: "embedded defaults"},
		{key: "clientPort", value: "2181", origin: "embedded defaults"},
		{key: "clientPortAddress", value: "127.0.0.1", origin: "embedded defaults"},
	}
}

// positional is Java's form without a file, where connections are unbounded.
func positional(args []string) []setting {
	const origin = "command line"
	settings := []setting{{key: "maxClientCnxns", value: "0", origin: origin}}
	for i, key := range []string{"clientPort", "dataDir", "tickTime", "maxClientCnxns"} {
		if i < len(args) {
			settings = append(settings, setting{key: key, value: args[i], origin: origin})
		}
	}
	return settings
}

func readFile(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", &Error{File: name, Reason: reason(err)}
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, fileBytesMax+1))
	if err != nil {
		return "", &Error{File: name, Reason: reason(err)}
	}
	if len(text) > fileBytesMax {
		return "", &Error{File: name, Reason: "is longer than a configuration can be"}
	}
	return string(text), nil
}

// reason is the error without the file name, which Error writes itself.
func reason(err error) string {
	var pathErr *os.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Op + ": " + pathErr.Err.Error()
	}
	return err.Error()
}

func parseDefines(defines []string) ([]setting, error) {
	var settings []setting
	for _, define := range defines {
		name, value, ok := strings.Cut(define, "=")
		key := strings.TrimPrefix(name, "zookeeper.")
		if r, known := findRow(key); name == "" || !ok && (!known || r.parse != nil) {
			return nil, &Error{File: "-D" + define, Reason: "want -Dname=value"}
		}
		settings = append(settings, setting{
			key: key, value: strings.TrimSpace(value), origin: "-D" + name,
		})
	}
	return settings, nil
}

// defined is the -D options by their names as given.
func defined(defines []string) map[string]string {
	if len(defines) == 0 {
		return nil
	}
	properties := make(map[string]string, len(defines))
	for _, define := range defines {
		name, value, _ := strings.Cut(define, "=")
		properties[name] = value
	}
	return properties
}

func newDraft(file string) *draft {
	d := &draft{set: map[string]setting{}}
	d.File = file
	for _, r := range rows() {
		if r.value == "" || r.parse == nil {
			continue
		}
		if err := r.parse(d, r.value); err != nil {
			panic("config: default of " + r.name + ": " + err.Error())
		}
	}
	return d
}

// take puts settings into the draft, in order.
func (d *draft) take(settings []setting) error {
	var errs []error
	for _, s := range settings {
		if err := d.takeOne(s); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (d *draft) takeOne(s setting) error {
	if before, ok := d.set[s.key]; ok && before.line > 0 {
		d.warnings = append(d.warnings, s.warn(fmt.Sprintf("overrides line %d", before.line)))
	}
	r, known := findRow(s.key)
	if number, ok := strings.CutPrefix(s.key, "server."); ok && !known {
		d.set[s.key] = s
		return d.takeServer(s, number)
	}
	switch {
	case !known:
		d.unknown(s)
		return nil
	case r.propertyOnly && s.line > 0:
		d.warnings = append(d.warnings, s.warn("has no effect in a file; use -D"+r.name))
		return nil
	case r.propertyOnly && strings.HasPrefix(s.origin, "-Dzookeeper."):
		d.warnings = append(d.warnings, s.warn("has no effect with the prefix; use -D"+r.name))
		return nil
	}
	d.set[s.key] = s
	if r.parse != nil {
		var only caution
		switch err := r.parse(d, s.value); {
		case errors.As(err, &only):
			d.warnings = append(d.warnings, s.warn(string(only)))
		case err != nil:
			return s.fail(err.Error())
		}
	}
	if r.reason != "" {
		d.tellWhy(r, s)
	}
	return nil
}

// tellWhy warns that a known key changes nothing; its default changes nothing
// anywhere.
func (d *draft) tellWhy(r row, s setting) {
	if r.value == "" || !strings.EqualFold(r.value, s.value) {
		d.warnings = append(d.warnings, s.warn("has no effect: "+r.reason))
	}
}

func (d *draft) takeServer(s setting, number string) error {
	id, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return s.fail(fmt.Sprintf("server id %q is not a number", number))
	}
	server, err := ParseServer(zoo.ServerID(id), s.value)
	if err != nil {
		return s.fail(err.Error())
	}
	for i := range d.Servers {
		if d.Servers[i].ID == server.ID {
			d.Servers[i] = server
			return nil
		}
	}
	d.Servers = append(d.Servers, server)
	return nil
}
