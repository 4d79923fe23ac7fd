package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"zoo/internal/core/quorum"
)

// ensembleDir is a directory with a zoo.cfg of three servers, of which this is the first.
func ensembleDir(t *testing.T, more string) (dir, file string) {
	t.Helper()
	dir = t.TempDir()
	file = filepath.Join(dir, "zoo.cfg")
	writeText(t, filepath.Join(dir, "myid"), "1\n")
	writeText(t, file, "# ours\ndataDir="+dir+"\ninitLimit=5\nsyncLimit=2\nclientPort=2181\n"+
		"reconfigEnabled=true\n"+more)
	return dir, file
}

const threeServers = "server.1=a:2888:3888\nserver.2=b:2888:3888\nserver.3=c:2888:3888\n"

func writeText(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func textOf(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func loaded(t *testing.T, file string) *Config {
	t.Helper()
	c, _, err := Load(Source{Args: []string{file}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func parsedView(t *testing.T, text string) *quorum.View {
	t.Helper()
	v, err := quorum.ParseView(text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// What is saved is what the next start finds, in the files that Java's server reads as well.
func TestFirstSavedConfigurationLeavesZooCfg(t *testing.T) {
	dir, file := ensembleDir(t, threeServers)
	before := textOf(t, file)
	save(t, loaded(t, file).Files(), quorum.Ensemble{Current: firstView(t, file)})
	text := textOf(t, file)
	if !strings.HasPrefix(text, "# ours\n") || strings.Contains(text, "server.") ||
		!strings.Contains(text, "clientPort=2181\n") ||
		!strings.Contains(text, "dynamicConfigFile="+file+".dynamic.100000000\n") {
		t.Errorf("zoo.cfg is\n%s", text)
	}
	if textOf(t, file+".bak") != before {
		t.Error("there is no copy of zoo.cfg as it was")
	}
	want := "server.1=a:2888:3888:participant\nserver.2=b:2888:3888:participant\n" +
		"server.3=c:2888:3888:participant\n"
	if got := textOf(t, file+".dynamic.100000000"); got != want {
		t.Errorf("the dynamic file is\n%s", got)
	}
	if names, _ := filepath.Glob(filepath.Join(dir, "*tmp*")); len(names) > 0 {
		t.Errorf("left behind: %v", names)
	}
}

// firstView is the configuration of the file as the first leader makes it.
func firstView(t *testing.T, file string) *quorum.View {
	t.Helper()
	v, err := loaded(t, file).View()
	if err != nil {
		t.Fatal(err)
	}
	return v.WithVersion(0x100000000)
}

// What is proposed is found as such, and in force once it is.
func TestProposedConfigurationIsFoundAgain(t *testing.T) {
	_, file := ensembleDir(t, threeServers)
	first, files := firstView(t, file), loaded(t, file).Files()
	next := parsedView(t, "server.1=a:2888:3888:participant;0.0.0.0:2182\n"+
		"server.2=b:2888:3888:participant;0.0.0.0:2181\nversion=100000007")
	save(t, files, quorum.Ensemble{Current: first})
	save(t, files, quorum.Ensemble{Current: first, Next: next})
	c := loaded(t, file)
	if c.Version != first.Version() || c.Next == nil || c.Next.Text() != next.Text() {
		t.Errorf("version %v, next %v", c.Version, c.Next)
	}
	save(t, c.Files(), quorum.Ensemble{Current: next})
	c = loaded(t, file)
	if c.Version != 0x100000007 || len(c.Servers) != 2 || c.Next != nil {
		t.Errorf("version %v, servers %v, next %v", c.Version, c.Servers, c.Next)
	}
}

// Without reconfigEnabled nothing is written, but what was proposed before can be forgotten.
func TestProposedConfigurationCanBeForgottenWithoutReconfigurations(t *testing.T) {
	_, file := ensembleDir(t, threeServers)
	first, files := firstView(t, file), loaded(t, file).Files()
	next := parsedView(t, threeServers+"version=100000007")
	save(t, files, quorum.Ensemble{Current: first})
	save(t, files, quorum.Ensemble{Current: first, Next: next})
	off := loaded(t, file)
	off.ReconfigEnabled = false
	save(t, off.Files(), quorum.Ensemble{Current: first})
	if c := loaded(t, file); c.Next != nil || c.Version != first.Version() {
		t.Errorf("version %v, next %v", c.Version, c.Next)
	}
}

func save(t *testing.T, f *Files, e quorum.Ensemble) {
	t.Helper()
	if err := f.Save(e); err != nil {
		t.Fatal(err)
	}
}

// A server that has only heard of the ensemble that it is to join keeps its own file, so
// that it can begin again.
func TestJoinerKeepsItsFileUntilItIsAMember(t *testing.T) {
	_, file := ensembleDir(t, "server.1=a:2888:3888:observer\nserver.2=b:2888:3888\n"+
		"server.3=c:2888:3888\n")
	before := textOf(t, file)
	files := loaded(t, file).Files()
	others := parsedView(t, "server.2=b:1:2\nserver.3=c:1:2\nversion=100000000")
	save(t, files, quorum.Ensemble{Current: others})
	if textOf(t, file) != before {
		t.Error("zoo.cfg has changed")
	}
	joined := parsedView(t, "server.1=a:2888:3888:observer\nserver.2=b:1:2\nserver.3=c:1:2\n"+
		"version=100000003")
	save(t, files, quorum.Ensemble{Current: joined})
	if c := loaded(t, file); c.Version != 0x100000003 || !c.Observer {
		t.Errorf("version %v, observer %v", c.Version, c.Observer)
	}
}

func TestDynamicFilesThatMeanNothingAreRefused(t *testing.T) {
	for title, row := range map[string]struct{ static, dynamic, want string }{
		"servers in both files":  {"server.4=d:1:2\n", threeServers, "belongs into"},
		"a version inside":       {"", threeServers + "version=1\n", "tells the version"},
		"settings":               {"", threeServers + "tickTime=1\n", "not about the members"},
		"no line of this server": {"", "server.2=b:1:2\nserver.3=c:1:2\n", "was removed"},
	} {
		dir, file := ensembleDir(t, "")
		dynamic := filepath.Join(dir, "zoo.cfg.dynamic.100000002")
		writeText(t, dynamic, row.dynamic)
		writeText(t, file, textOf(t, file)+row.static+"dynamicConfigFile="+dynamic+"\n")
		_, _, err := Load(Source{Args: []string{file}})
		if err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v", title, err)
		}
	}
}

// What cannot be written is no configuration in force.
func TestFilesThatCannotBeWrittenAreAnError(t *testing.T) {
	_, file := ensembleDir(t, threeServers)
	files := loaded(t, file).Files()
	files.File = filepath.Join(filepath.Dir(file), "elsewhere", "zoo.cfg")
	view := parsedView(t, "server.1=a:1:2\nversion=100000001")
	if err := files.Save(quorum.Ensemble{Current: view}); err == nil {
		t.Error("no error")
	}
}

// Where zoo.cfg cannot be written beside, the operator hears of it before there is
// something to write. Where it can, nothing is left behind.
func TestFilesAreCheckedBeforeTheyAreWritten(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "zoo.cfg")
	write(t, name, "")
	if err := (&Files{File: name}).Check(); err != nil {
		t.Error(err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 {
		t.Errorf("%v is in the directory: %v", left, err)
	}
	err = (&Files{File: filepath.Join(dir, "zoo.cfg", "zoo.cfg")}).Check()
	if err == nil {
		t.Error("a file is a directory")
	}
}
