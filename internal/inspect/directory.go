package inspect

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"zoo/internal/core/tree"
	"zoo/internal/disk/snapshot"
	"zoo/internal/disk/store"
	"zoo/internal/disk/txnlog"
	"zoo/internal/disk/vfs"
)

// Severity says how bad a finding is.
type Severity string

// The severities. With an error the server does not start, or what it serves is
// wrong; a warning is damage that a start does not need; a note is what a start will
// mend, or what somebody has left there.
const (
	SeverityError   Severity = "error"
	SeverityWarning Severity = "warning"
	SeverityNote    Severity = "note"
)

// Finding is something about a data directory that an operator should know.
type Finding struct {
	Severity Severity `json:"severity"`
	File     string   `json:"file,omitempty"`
	Text     string   `json:"text"`
}

// String is the finding on one line.
func (f Finding) String() string {
	if f.File != "" && !strings.Contains(f.Text, f.File) {
		return fmt.Sprintf("%s: %s: %s", f.Severity, f.File, f.Text)
	}
	return fmt.Sprintf("%s: %s", f.Severity, f.Text)
}

// DirReport is what checking tells of a data directory.
type DirReport struct {
	Dir    string `json:"dir"`
	LogDir string `json:"logDir"`
	// Served means that a server had the directory meanwhile, so that the newest
	// files may have changed under the check.
	Served bool `json:"served"`
	// Startable means that a server would start here, and Zxid is where its history
	// would end; Base is the snapshot that it would start from.
	Startable     bool             `json:"startable"`
	Base          string           `json:"snapshotZxid,omitempty"`
	Zxid          string           `json:"lastZxid,omitempty"`
	AcceptedEpoch int64            `json:"acceptedEpoch"`
	CurrentEpoch  int64            `json:"currentEpoch"`
	Znodes        int              `json:"znodes"`
	Sessions      int              `json:"sessions"`
	Digest        string           `json:"digest,omitempty"`
	Findings      []Finding        `json:"findings"`
	Advice        []string         `json:"advice"`
	Snapshots     []SnapshotReport `json:"snapshots"`
	Logs          []LogReport      `json:"logs"`
}

// Good tells whether nothing is an error.
func (r *DirReport) Good() bool { return r.count(SeverityError) == 0 }

func (r *DirReport) count(severity Severity) int {
	n := 0
	for _, f := range r.Findings {
		if f.Severity == severity {
			n++
		}
	}
	return n
}

func (r *DirReport) find(severity Severity, file, format string, args ...any) {
	r.Findings = append(r.Findings, Finding{severity, file, fmt.Sprintf(format, args...)})
}

// DirConfig says where a data directory is, and what its server is configured for.
type DirConfig = store.Config

// CheckDir checks all of a data directory: it tries a start without changing
// anything, replays the log, and reads every file. The configuration is what the
// server would have; its FS is the disk.
func CheckDir(cfg DirConfig, tell Progress) (*DirReport, error) {
	if cfg.LogDir == "" {
		cfg.LogDir = cfg.DataDir
	}
	for _, dir := range []string{cfg.DataDir, cfg.LogDir} {
		if info, err := cfg.FS.Stat(dir); err != nil || !info.Dir {
			return nil, errors.Join(err, fmt.Errorf("%s is no directory: %w", dir, ErrNothing))
		}
	}
	c := &checker{disk: cfg.FS, cfg: cfg, DirReport: &DirReport{
		Dir: cfg.DataDir, LogDir: cfg.LogDir, Findings: []Finding{}, Advice: []string{},
		Snapshots: []SnapshotReport{}, Logs: []LogReport{},
		Served: Served(cfg.FS, cfg.DataDir) || Served(cfg.FS, cfg.LogDir)}}
	c.start()
	for _, step := range []func(Progress) error{c.snapshots, c.logs, c.leftovers} {
		if err := step(tell); err != nil {
			return nil, err
		}
	}
	c.advise()
	return c.DirReport, nil
}

type checker struct {
	*DirReport
	disk vfs.FS
	cfg  store.Config
}

// start tries what a server does first, and then applies the log as it would.
func (c *checker) start() {
	if _, err := c.disk.Stat(store.VersionDir(c.Dir)); errors.Is(err, fs.ErrNotExist) {
		c.find(SeverityNote, c.Dir, "has no version-2: a server that starts here starts empty")
		c.Startable = true
		return
	}
	rehearsed := c.cfg
	rehearsed.FS = rehearse(c.disk)
	s, r, err := rehearsed.Open()
	if err != nil {
		c.find(SeverityError, "", "a server refuses to start: %v", err)
		return
	}
	defer s.Close()
	c.Startable = true
	for _, note := range r.Notes {
		c.find(SeverityNote, "", "at the next start: %s", note)
	}
	c.Base, c.Zxid = r.Tree.Zxid().String(), r.Zxid.String()
	c.AcceptedEpoch, c.CurrentEpoch = int64(r.AcceptedEpoch), int64(r.CurrentEpoch)
	if r.Empty {
		c.find(SeverityNote, c.Dir, "holds no history: a server that starts here starts empty")
	}
	c.replay(r)
	c.Znodes, c.Sessions = r.Tree.Len(), r.Tree.SessionCount()
	c.Digest = fmt.Sprintf("%#x", r.Tree.Digest())
}

// replay applies the log. Digests of the log are those of whoever led then: after
// the first difference all others follow from it.
func (c *checker) replay(r store.Recovered) {
	r.Tree.SetTypes(tree.Types{Extended: true})
	told := false
	for _, e := range r.Tail {
		result, err := r.Tree.Apply(e)
		if err != nil {
			c.find(SeverityError, "", "the log cannot be applied: %v", err)
			return
		}
		if result.DigestDiffers && !told {
			told = true
			c.find(SeverityWarning, "", "after %v the digest is not the one in the log: this "+
				"server's znodes differ from what its leader had", e.Zxid)
		}
	}
}

// snapshots reads every snapshot.
func (c *checker) snapshots(tell Progress) error {
	files, err := listed(snapshot.List(c.disk, store.VersionDir(c.Dir)))
	if err != nil {
		return err
	}
	c.Snapshots, err = VerifySnapshots(c.disk, files, tell)
	for _, r := range c.Snapshots {
		for _, d := range r.Damages {
			c.find(SeverityWarning, r.File, "%v", d)
		}
	}
	return err
}

// listed takes a directory that is not there for an empty one.
func listed[T any](list []T, err error) ([]T, error) {
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return list, err
}

// logs reads every log file. Whether a start needs what is damaged has been told.
func (c *checker) logs(tell Progress) error {
	segments, err := listed(txnlog.Segments(c.disk, store.VersionDir(c.LogDir)))
	if err != nil {
		return err
	}
	var paths []string
	for _, segment := range segments {
		paths = append(paths, segment.Path)
	}
	c.Logs, err = VerifyLogs(c.disk, paths, tell)
	for _, r := range c.Logs {
		severity := SeverityWarning
		if r.Torn() {
			severity = SeverityNote
		}
		for _, d := range r.Damages {
			c.find(severity, r.File, "%v", d)
		}
		for _, g := range r.Gaps {
			c.find(SeverityWarning, r.File, "%v", g)
		}
	}
	return err
}

// known are the names in a version-2 that belong there, besides snapshots and logs.
var known = []string{"acceptedEpoch", "currentEpoch"}

// leftovers tells of files that are no part of the history.
func (c *checker) leftovers(Progress) error {
	dirs := []string{store.VersionDir(c.Dir), store.VersionDir(c.LogDir)}
	for _, dir := range slices.Compact(dirs) {
		names, err := listed(c.disk.List(dir))
		if err != nil {
			return err
		}
		for _, name := range names {
			_, isLog := txnlog.ParseName(name)
			_, isSnapshot := snapshot.ParseName(name)
			if !isLog && !isSnapshot && !slices.Contains(known, name) {
				c.find(SeverityNote, filepath.Join(dir, name), "%s", leftover(name))
			}
		}
	}
	if _, err := c.disk.Stat(filepath.Join(c.Dir, "myid")); err != nil {
		c.find(SeverityNote, filepath.Join(c.Dir, "myid"),
			"missing; a member of an ensemble needs it")
	}
	return nil
}

// leftover says what a strange file is.
func leftover(name string) string {
	switch {
	case snapshot.IsUnfinished(name):
		return "a snapshot that was never finished; the next start removes it"
	case name == txnlog.SpareName:
		return "the next file of the log, prepared; a start removes it"
	case strings.HasSuffix(name, ".tmp"):
		return "a replacement that was never finished; the next start settles it"
	case name == "zoo.plan":
		return "a change of several files was interrupted; the next start finishes it"
	case strings.HasPrefix(name, keptPrefix):
		return "kept by a tool before it replaced the file; remove it when it is not needed"
	case strings.HasPrefix(name, newPrefix):
		return "made by a tool that was interrupted; run the same command again"
	}
	return "not known to zoo"
}

// advise says how to get back what is damaged.
func (c *checker) advise() {
	if c.count(SeverityError)+c.count(SeverityWarning) == 0 {
		return
	}
	if c.Startable && c.Good() {
		c.Advice = append(c.Advice, "the server starts, and serves what it has; the damaged "+
			"files are older than that, or not needed; a new snapshot and a purge make them go")
		return
	}
	c.Advice = append(c.Advice,
		fmt.Sprintf("if the other servers of the ensemble serve: they have the truth. Stop "+
			"this server, put %s (and that of dataLogDir) aside under another name, leave %s, "+
			"and start it: it fetches all from the leader",
			store.VersionDir(c.Dir), filepath.Join(c.Dir, "myid")),
		"if there is no other server: zoo backup restore, if there is a backup; else zoo log "+
			"repair FILE for each damaged log (it shows what would be lost first), and put "+
			"damaged snapshots aside",
		"if the other servers are lost for good, and this one has the most: zoo recover")
}
