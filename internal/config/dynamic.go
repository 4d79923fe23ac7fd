package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"zoo"
	"zoo/internal/core/quorum"
)

// The files of an ensemble that is reconfigured, for a zoo.cfg:
//
//	zoo.cfg                      dynamicConfigFile=/…/zoo.cfg.dynamic.100000007, and all
//	                             that is not about the members
//	zoo.cfg.dynamic.100000007    the configuration in force: server.N, group.N and weight.N,
//	                             one a line, sorted; its version is the end of its name, in
//	                             hexadecimal, and stands nowhere inside
//	zoo.cfg.dynamic.next         the one that is proposed, with a line version=
//	zoo.cfg.bak                  zoo.cfg as it was before the first reconfiguration
const (
	dynamicSuffix = ".dynamic."
	nextSuffix    = ".dynamic.next"
	backupSuffix  = ".bak"
)

// takeDynamic reads the servers from the dynamic file, if there is one.
func (d *draft) takeDynamic(static []setting) error {
	if d.DynamicFile == "" {
		return nil
	}
	for _, s := range static {
		if isMembersKey(s.key) {
			return s.fail("belongs into " + d.DynamicFile +
				", the file with the servers, or dynamicConfigFile must go")
		}
	}
	settings, err := readDynamic(d.DynamicFile)
	if err != nil {
		return err
	}
	d.Version = versionOf(d.DynamicFile)
	if err := d.take(settings); err != nil {
		return err
	}
	return d.takeNext()
}

// takeNext reads what was proposed and is not in force.
func (d *draft) takeNext() error {
	name := d.File + nextSuffix
	if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	text, err := readFile(name)
	if err != nil {
		return err
	}
	next, err := quorum.ParseView(text)
	if err != nil {
		return &Error{File: name, Reason: err.Error()}
	}
	if next.Version() > d.Version {
		d.Next = next
	}
	return nil
}

func readDynamic(name string) ([]setting, error) {
	text, err := readFile(name)
	if err != nil {
		return nil, err
	}
	settings, err := parseProperties(name, text)
	if err != nil {
		return nil, err
	}
	for _, s := range settings {
		if s.key == "version" {
			return nil, s.fail("does not belong here: the name of the file tells the version")
		}
		if !isMembersKey(s.key) {
			return nil, s.fail("is not about the members of the ensemble")
		}
	}
	return settings, nil
}

func isMembersKey(key string) bool {
	return strings.HasPrefix(key, "server.") || strings.HasPrefix(key, "group.") ||
		strings.HasPrefix(key, "weight.")
}

// versionOf is the version in the name of a dynamic file, 0 if it has none.
func versionOf(name string) zoo.Zxid {
	v, err := strconv.ParseInt(name[strings.LastIndexByte(name, '.')+1:], 16, 64)
	if err != nil || !strings.ContainsRune(name, '.') {
		return 0
	}
	return zoo.Zxid(v)
}

// whyNoMember tells why a server cannot begin without its own line.
func (d *draft) whyNoMember(id zoo.ServerID) string {
	file := d.File
	if d.DynamicFile != "" {
		file = d.DynamicFile
	}
	text := fmt.Sprintf("id %d has no server.%d line in %s", id, id, file)
	if d.Version == 0 {
		return text
	}
	return text + ": the server was removed by a reconfiguration. To bring it back, give it a " +
		"zoo.cfg with the servers of today and itself as observer, and no dynamicConfigFile; " +
		"start it, and add it with zoo member add"
}

// Files are the configuration files of one running server. They belong to whoever writes
// to its disk.
type Files struct {
	// File is its zoo.cfg, ID its own.
	File string
	ID   zoo.ServerID
	// current and next are the versions of what is written, zero for none.
	current, next zoo.Zxid
}

// Files are those that the configuration was read from; nil if reconfigurations leave no
// trace, since they are off or there is no zoo.cfg. What one has proposed before they were
// turned off may have to be forgotten.
func (c *Config) Files() *Files {
	if !c.ReconfigEnabled && c.Next == nil || c.File == "" || c.Standalone() {
		return nil
	}
	f := &Files{File: c.File, ID: c.ID, current: c.Version}
	if c.Next != nil {
		f.next = c.Next.Version()
	}
	return f
}

// Check tells why Save could not write, as far as that can be known before: it makes a file
// in the directories that it would write to, and removes it again.
func (f *Files) Check() error {
	static, err := filepath.EvalSymlinks(f.File)
	if err != nil {
		return err
	}
	dirs := []string{filepath.Dir(f.File), filepath.Dir(static)}
	for _, dir := range slices.Compact(dirs) {
		probe, err := os.CreateTemp(dir, filepath.Base(static)+".tmp*")
		if err != nil {
			return err
		}
		if err := errors.Join(probe.Close(), os.Remove(probe.Name())); err != nil {
			return err
		}
	}
	return nil
}

// Save makes the files say which configuration is in force and which is proposed. When it
// returns without an error that survives a crash.
func (f *Files) Save(e quorum.Ensemble) error {
	_, member := e.Current.Member(f.ID)
	if f.current == 0 && !member {
		// It was never a member, and has only heard of the ensemble that it is to join:
		// with its own file it finds that again, and without its own line it could not
		// begin.
		return nil
	}
	if e.Current.Version() > f.current {
		if err := f.activate(e.Current); err != nil {
			return fmt.Errorf("write the configuration %v: %w", e.Current.Version(), err)
		}
		f.current = e.Current.Version()
	}
	if err := f.propose(e.Next); err != nil {
		return fmt.Errorf("write the proposed configuration: %w", err)
	}
	return nil
}

func (f *Files) propose(next *quorum.View) error {
	name := f.File + nextSuffix
	switch {
	case next != nil && next.Version() == f.next, next == nil && f.next == 0:
		return nil
	case next == nil:
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		f.next = 0
		return syncDir(filepath.Dir(name))
	}
	f.next = next.Version()
	return writeWhole(name, next.Text()+"\n")
}

// activate writes the dynamic file first: zoo.cfg never points to one that is not there.
func (f *Files) activate(v *quorum.View) error {
	static, err := filepath.EvalSymlinks(f.File)
	if err != nil {
		return err
	}
	text, err := readFile(static)
	if err != nil {
		return err
	}
	version := strconv.FormatInt(int64(v.Version()), 16)
	dynamic, err := filepath.Abs(static + dynamicSuffix + version)
	if err != nil {
		return err
	}
	if err := writeWhole(dynamic, membersText(v)); err != nil {
		return err
	}
	self, _ := v.Server(f.ID)
	lines, pointed := withoutMembers(text, self)
	if !pointed {
		if err := writeWhole(static+backupSuffix, text); err != nil {
			return err
		}
	}
	return writeWhole(static, lines+"dynamicConfigFile="+dynamic+"\n")
}

// membersText is a configuration as a dynamic file has it: sorted, without its version.
func membersText(v *quorum.View) string {
	lines := strings.Split(v.Text(), "\n")
	lines = slices.DeleteFunc(lines, func(line string) bool {
		return strings.HasPrefix(line, "version=")
	})
	slices.Sort(lines)
	return strings.Join(lines, "\n") + "\n"
}

// withoutMembers is the text of a zoo.cfg without what is about the members, and tells
// whether it pointed to a dynamic file. Where clients are goes as well if the server's own
// line says it. Comments and all other lines stay as they are.
func withoutMembers(text string, self Server) (kept string, pointed bool) {
	var b strings.Builder
	eachLine(text, func(key, lines string) {
		pointed = pointed || key == "dynamicConfigFile"
		gone := isMembersKey(key) || key == "dynamicConfigFile" || key == "peerType" ||
			self.ClientPort != 0 && strings.HasPrefix(key, "clientPort") ||
			self.SecurePort != 0 && strings.HasPrefix(key, "secureClientPort")
		if !gone || key == "clientPortListenBacklog" {
			b.WriteString(lines)
		}
	})
	return b.String(), pointed
}

// eachLine calls f for each line of a property file with its key, empty for a comment, and
// with those that continue it.
func eachLine(text string, f func(key, lines string)) {
	lines := naturalLines(strings.TrimRight(text, "\r\n"))
	for len(lines) > 0 {
		n := 1
		for n < len(lines) && !isComment(lines[0]) && continues(lines[n-1]) {
			n++
		}
		key := ""
		if s, err := parseLine(strings.TrimLeft(lines[0], blanks)); err == nil &&
			!isComment(lines[0]) {
			key = s.key
		}
		f(key, strings.Join(lines[:n], "\n")+"\n")
		lines = lines[n:]
	}
}

// writeWhole replaces a file by another content, or leaves it as it is. When it returns
// without an error the content is on the disk.
func writeWhole(name, text string) error {
	dir := filepath.Dir(name)
	f, err := os.CreateTemp(dir, filepath.Base(name)+".tmp*")
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	mode := fs.FileMode(0o644)
	if before, statErr := os.Stat(name); statErr == nil {
		mode = before.Mode().Perm()
	}
	err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return syncDir(dir)
}

// syncDir makes the names in a directory durable, where the system can.
func syncDir(name string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
