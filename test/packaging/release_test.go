package packaging

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"debug/buildinfo"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"
)

// scratch has what the tests of this package share.
var scratch string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "zoo-packaging-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	scratch = dir
	return m.Run()
}

// committed is when the release of these tests was committed.
const committed = "2026-01-02T03:04:05Z"

// made is a release of this work tree for this machine, made by the script.
var made = sync.OnceValues(func() (string, error) {
	if err := commit(source("first")); err != nil {
		return "", err
	}
	return build("first")
})

// source is a checkout of these tests.
func source(name string) string { return filepath.Join(scratch, name, "source") }

// commit commits the work tree as it is to a new repository.
func commit(repository string) error {
	listed, err := exec.Command("git", "-C", root, "ls-files", "-z", "--cached", "--others",
		"--exclude-standard").Output()
	if err != nil {
		return err
	}
	for _, file := range strings.Split(strings.TrimRight(string(listed), "\x00"), "\x00") {
		err := clone(filepath.Join(root, file), filepath.Join(repository, file))
		if err != nil {
			return err
		}
	}
	for _, args := range [][]string{
		{"git", "init", "-q", "-b", "main"},
		{"git", "add", "-A"},
		{"git", "-c", "user.name=t", "-c", "user.email=t@t", "commit", "-q", "-m", "all"},
		{"git", "tag", "v9.8.7-rc1"},
	} {
		if err := in(repository, args...); err != nil {
			return err
		}
	}
	return nil
}

// build makes a release of a checkout.
func build(name string) (string, error) {
	out := filepath.Join(scratch, name, "out")
	return out, in(source(name), "scripts/release", "-o", out, runtime.GOARCH)
}

// in runs a command in a directory, with nobody's settings of git.
func in(dir string, args ...string) error {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null",
		"GIT_AUTHOR_DATE="+committed, "GIT_COMMITTER_DATE="+committed)
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%v: %w\n%s", args, err, text)
	}
	return nil
}

// clone copies a file of the work tree, if it is still there, with whether it is a program.
func clone(from, to string) error {
	text, err := os.ReadFile(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, text, info.Mode().Perm()&0o755)
}

// artefact is the one file of the release with an ending.
func artefact(t *testing.T, ending string) string {
	t.Helper()
	dir, err := made()
	if err != nil {
		t.Fatal(err)
	}
	found, err := filepath.Glob(filepath.Join(dir, "*"+ending))
	if err != nil || len(found) != 1 {
		t.Fatalf("%d files *%s: %v", len(found), ending, err)
	}
	return found[0]
}

// Whoever does not trust a release makes it again. What is compared was made at another
// place, from a clone.
func TestTheSameCommitGivesTheSameBytes(t *testing.T) {
	first, err := made()
	if err != nil {
		t.Fatal(err)
	}
	another := filepath.Join("another", "place")
	if err := in(scratch, "git", "clone", "-q", source("first"), source(another)); err != nil {
		t.Fatal(err)
	}
	second, err := build(another)
	if err != nil {
		t.Fatal(err)
	}
	names, err := os.ReadDir(first)
	if err != nil || len(names) != 4 {
		t.Fatalf("%v: %v", names, err)
	}
	for _, name := range names {
		a, errA := os.ReadFile(filepath.Join(first, name.Name()))
		b, errB := os.ReadFile(filepath.Join(second, name.Name()))
		if err := errors.Join(errA, errB); err != nil || !bytes.Equal(a, b) {
			t.Errorf("%s differs: %d and %d bytes (%v)", name.Name(), len(a), len(b), err)
		}
	}
	check := exec.Command("sha256sum", "--check", "--strict", "SHA256SUMS")
	check.Dir = first
	if out, err := check.CombinedOutput(); err != nil || strings.Count(string(out), "OK") != 3 {
		t.Errorf("%v\n%s", err, out)
	}
}

// unpack unpacks the archive as anybody would, and looks at what tar does not show.
func unpack(t *testing.T) string {
	t.Helper()
	f, err := os.Open(artefact(t, ".tar.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	then, err := time.Parse(time.RFC3339, committed)
	if err != nil {
		t.Fatal(err)
	}
	top := ""
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return filepath.Join(dir, top)
		}
		if err != nil {
			t.Fatal(err)
		}
		if !h.ModTime.Equal(then) || h.Uid != 0 || h.Gid != 0 || h.Mode&0o022 != 0 {
			t.Errorf("%s: %v, owner %d:%d, mode %o", h.Name, h.ModTime, h.Uid, h.Gid, h.Mode)
		}
		if top == "" {
			top = h.Name
		}
		save(t, filepath.Join(dir, h.Name), h, r)
	}
}

func save(t *testing.T, name string, h *tar.Header, r io.Reader) {
	t.Helper()
	text, err := io.ReadAll(r)
	if h.Typeflag == tar.TypeDir {
		err = os.MkdirAll(name, 0o755)
	} else if err == nil {
		err = os.WriteFile(name, text, fs.FileMode(h.Mode).Perm())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// The binary needs no library of the system, and says of which commit it is.
func TestTheBinaryIsStaticAndSaysWhatItIs(t *testing.T) {
	binary := filepath.Join(unpack(t), "bin", "zoo")
	program, err := elf.Open(binary)
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	for _, p := range program.Progs {
		if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
			t.Errorf("it has a %v: it is not static", p.Type)
		}
	}
	out, err := exec.Command(binary, "version").Output()
	if err != nil || !strings.Contains(string(out), "9.8.7-rc1") ||
		!strings.Contains(string(out), "2026-01-02") {
		t.Errorf("version: %s (%v)", out, err)
	}
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		t.Fatal(err)
	}
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	if settings["vcs.modified"] != "false" || len(settings["vcs.revision"]) != 40 ||
		settings["-trimpath"] != "true" || settings["CGO_ENABLED"] != "0" {
		t.Errorf("made with %v", settings)
	}
	whole, err := os.ReadFile(binary)
	if err != nil || bytes.Contains(whole, []byte(scratch)) {
		t.Errorf("it knows where it was made (%v)", err)
	}
}

// Scripts for ZooKeeper find the server and the configuration beside them.
func TestTheArchiveIsAnInstallation(t *testing.T) {
	dir := unpack(t)
	out, err := exec.Command(filepath.Join(dir, "bin", "zkServer.sh"), "print-cmd").Output()
	if err != nil || !strings.Contains(string(out), filepath.Join(dir, "bin", "zoo")+`" serve`) ||
		!strings.Contains(string(out), filepath.Join(dir, "conf", "zoo.cfg")) {
		t.Errorf("%s (%v)", out, err)
	}
	explained, err := exec.Command(filepath.Join(dir, "bin", "zoo"), "config", "explain",
		filepath.Join(dir, "conf", "zoo.cfg")).CombinedOutput()
	if err != nil || !strings.Contains(string(explained), "/var/lib/zookeeper") {
		t.Errorf("%s (%v)", explained, err)
	}
	for _, name := range []string{"LICENSE", "NOTICE", "README.md", "CHANGELOG.md",
		"systemd/zoo.service", "docs/operate/deploy.md", "docs/pictures/write-path.svg",
		"completions/zoo.bash", "completions/_zoo", "completions/zoo.fish"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
}

// What is linked in is in the bill of materials with its hash, and its licence beside it.
func TestEveryModuleIsInTheBillAndHasItsLicence(t *testing.T) {
	dir := unpack(t)
	f, err := os.Open(artefact(t, ".cdx.json"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var bill cyclonedx.BOM
	err = cyclonedx.NewBOMDecoder(f, cyclonedx.BOMFileFormatJSON).Decode(&bill)
	if err != nil {
		t.Fatal(err)
	}
	info, err := buildinfo.ReadFile(filepath.Join(dir, "bin", "zoo"))
	if err != nil {
		t.Fatal(err)
	}
	notices, err := os.ReadFile(filepath.Join(dir, "THIRD-PARTY-NOTICES"))
	if err != nil {
		t.Fatal(err)
	}
	if bill.SpecVersion != cyclonedx.SpecVersion1_6 || bill.Metadata.Component.Version !=
		"9.8.7-rc1" || len(*bill.Components) != len(info.Deps)+1 {
		t.Errorf("%v of %d components for %d modules and Go", bill.SpecVersion,
			len(*bill.Components), len(info.Deps))
	}
	for _, m := range info.Deps {
		if !slices.ContainsFunc(*bill.Components, func(c cyclonedx.Component) bool {
			return c.Name == m.Path && c.Version == m.Version && len(*c.Hashes) == 1
		}) {
			t.Errorf("%s %s is not in the bill", m.Path, m.Version)
		}
		licence := regexp.MustCompile(`(?s)==== ` + regexp.QuoteMeta(m.Path+" "+m.Version) +
			`\n\n([^=]{100})`)
		if !licence.Match(notices) {
			t.Errorf("%s %s has no licence", m.Path, m.Version)
		}
	}
}

// A release of what is not committed could not be made again.
func TestAWorkTreeWithChangesIsRefused(t *testing.T) {
	if _, err := made(); err != nil {
		t.Fatal(err)
	}
	stray := filepath.Join(source("first"), "stray")
	if err := os.WriteFile(stray, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	defer os.Remove(stray)
	cmd := exec.Command("scripts/release", "-o", filepath.Join(t.TempDir(), "out"))
	cmd.Dir = source("first")
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "changes") {
		t.Errorf("%v\n%s", err, out)
	}
}
