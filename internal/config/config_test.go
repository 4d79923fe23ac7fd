package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"pgregory.net/rapid"

	"zoo"
	"zoo/internal/check/alloc"
)

// Each case of testdata/*.txt is a zoo.cfg; the answer is what an operator is told
// and what the server is to do. DIR stands for a fresh directory.
func TestConfigurationIsUnderstoodOrRefusedWithFileAndLine(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
				return describe(t, d)
			})
		})
	}
}

func describe(t *testing.T, d *datadriven.TestData) string {
	dir := t.TempDir()
	for _, arg := range d.CmdArgs {
		if arg.Key == "myid" {
			write(t, filepath.Join(dir, "myid"), strings.Join(arg.Vals, " ")+"\n")
		}
	}
	file := filepath.Join(dir, "zoo.cfg")
	write(t, file, strings.ReplaceAll(d.Input, "DIR", dir))
	src := Source{Args: []string{file}, StateDir: dir}
	for _, arg := range d.CmdArgs {
		if strings.HasPrefix(arg.Key, "-D") {
			define := arg.Key[2:]
			if len(arg.Vals) > 0 {
				define += "=" + strings.Join(arg.Vals, ",")
			}
			src.Properties = append(src.Properties, define)
		}
	}
	var b strings.Builder
	cfg, warnings, err := Load(src)
	for _, w := range warnings {
		fmt.Fprintf(&b, "warning %s\n", w)
	}
	if err != nil {
		for line := range strings.SplitSeq(err.Error(), "\n") {
			fmt.Fprintf(&b, "error %s\n", line)
		}
	} else if d.Cmd == "differs" {
		cfg.Given = nil // the file itself, which differs from none
		differences(&b, "", reflect.ValueOf(*cfg), reflect.ValueOf(newDraft("").Config))
	} else {
		summarise(&b, cfg)
	}
	return strings.ReplaceAll(b.String(), dir, "DIR")
}

func summarise(b *strings.Builder, c *Config) {
	fmt.Fprintf(b, "id=%d standalone=%v observer=%v\n", c.ID, c.Standalone(), c.Observer)
	fmt.Fprintf(b, "tick=%v init=%v sync=%v session=%v..%v\n",
		c.Tick, c.InitLimit(), c.SyncLimit(), c.SessionTimeoutMin, c.SessionTimeoutMax)
	fmt.Fprintf(b, "data=%s log=%s\n", c.DataDir, c.DataLogDir)
	fmt.Fprintf(b, "clients=%s conns=%d commands=%v\n",
		c.ClientListen, c.ConnsPerHostMax, c.Commands)
	fmt.Fprintf(b, "snapCount=%d prealloc=%d commitLog=%d frame=%d outstanding=%d\n",
		c.SnapCount, c.PreallocBytes, c.CommitLogCount,
		c.FrameBytesMax, c.OutstandingMax)
	if c.SkipACL || c.SuperDigest != "" {
		fmt.Fprintf(b, "skipACL=%v super=%s\n", c.SkipACL, c.SuperDigest)
	}
	for _, s := range c.Servers {
		fmt.Fprintf(b, "%s=%s\n", s.Key(), s)
	}
	if c.Hierarchy != nil {
		fmt.Fprintf(b, "groups=%v weights=%v\n", c.Hierarchy.Groups, c.Hierarchy.Weights)
	}
}

// differences lists the fields that a default configuration has otherwise.
func differences(b *strings.Builder, path string, got, want reflect.Value) {
	for i := range got.NumField() {
		field := got.Type().Field(i)
		g, w := got.Field(i), want.Field(i)
		switch {
		case !field.IsExported(), slices.Contains(alwaysSet, field.Name):
		case g.Kind() == reflect.Struct:
			differences(b, path+field.Name+".", g, w)
		case !reflect.DeepEqual(g.Interface(), w.Interface()):
			fmt.Fprintf(b, "%s%s=%+v\n", path, field.Name, g)
		}
	}
}

// alwaysSet are the fields that every configuration has to have.
var alwaysSet = []string{"File", "ID", "DataDir", "DataLogDir", "SessionTimeoutMin",
	"SessionTimeoutMax", "ClientListen", "FrameExtraBytes"}

// A row that is half written would be a key that does nothing and says nothing.
func TestEveryRowIsHonouredOrTellsWhyNot(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range rows() {
		if seen[r.name] {
			t.Errorf("%s has two rows", r.name)
		}
		seen[r.name] = true
		if r.doc == "" || r.parse == nil && r.reason == "" {
			t.Errorf("%s: want a meaning, and a parser or a reason", r.name)
		}
	}
	for wrong, right := range documented {
		if r, ok := findRow(right); !ok || r.family() || seen[wrong] {
			t.Errorf("%s is not corrected by %s", wrong, right)
		}
	}
}

func write(t testing.TB, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Nobody configured anything: the server must be harmless, on this machine only.
func TestEmbeddedDefaultsListenOnLoopback(t *testing.T) {
	cfg, warnings, err := Load(Source{StateDir: "/state/zoo"})
	if err != nil || len(warnings) > 0 {
		t.Fatalf("err %v, warnings %v", err, warnings)
	}
	if cfg.ClientListen != "127.0.0.1:2181" || cfg.DataDir != filepath.Join("/state/zoo", "data") {
		t.Fatalf("clients %s, data %s", cfg.ClientListen, cfg.DataDir)
	}
	if !cfg.Standalone() || cfg.ID != 1 || cfg.File != "" {
		t.Fatalf("standalone %v, id %d, file %q", cfg.Standalone(), cfg.ID, cfg.File)
	}
}

// A program with a server inside says where its data and its clients are, whatever a file
// or a property says.
func TestAProgramSaysWhereItsServerIs(t *testing.T) {
	file := filepath.Join(t.TempDir(), "zoo.cfg")
	write(t, file, "dataDir=/elsewhere\nclientPort=2181\ntickTime=500\n")
	inside := Source{DataDir: "/data", ClientListen: "127.0.0.1:0"}
	for _, src := range []Source{inside, {Args: []string{file}, DataDir: inside.DataDir,
		ClientListen: inside.ClientListen}} {
		src.Properties = []string{"tickTime=500"}
		cfg, warnings, err := Load(src)
		if err != nil || len(warnings) > 0 {
			t.Fatal(warnings, err)
		}
		if cfg.DataDir != "/data" || cfg.DataLogDir != "/data" ||
			cfg.ClientListen != "127.0.0.1:0" || cfg.Tick != 500*time.Millisecond {
			t.Errorf("with %q: %s, %s, %v", src.Args, cfg.DataDir, cfg.ClientListen, cfg.Tick)
		}
	}
}

func TestPositionalArgumentsAreJavasShortForm(t *testing.T) {
	cfg, _, err := Load(Source{Args: []string{"2182", "/data", "1000"}})
	if err != nil {
		t.Fatal(err)
	}
	if cfg.ClientPort() != 2182 || cfg.DataDir != "/data" || cfg.Tick != time.Second {
		t.Fatalf("got %+v", cfg)
	}
	if cfg.ConnsPerHostMax != 0 {
		t.Fatalf("connections per host are bounded to %d", cfg.ConnsPerHostMax)
	}
	if _, _, err := Load(Source{Args: []string{"x", "/data"}}); err == nil ||
		!strings.Contains(err.Error(), `command line: clientPort: "x" is not a whole number`) {
		t.Fatalf("got %v", err)
	}
}

func TestMissingFileIsNamed(t *testing.T) {
	_, _, err := Load(Source{Args: []string{"/no/such/zoo.cfg"}})
	if err == nil || !strings.HasPrefix(err.Error(), "/no/such/zoo.cfg: open: ") {
		t.Fatalf("got %v", err)
	}
}

func TestServerLineSurvivesItsOwnText(t *testing.T) {
	for _, line := range []string{
		"a:2888:3888:participant",
		"10.0.0.1:2888:3888:observer;0.0.0.0:2181",
		"[::1]:2888:3888:participant;[::]:2181",
		"a:1:2|b:3:4:participant",
	} {
		s, err := ParseServer(3, line)
		if err != nil || s.String() != line {
			t.Errorf("%s became %s (%v)", line, s, err)
		}
	}
}

// What is escaped by Java's rules reads back as it was.
func TestAnyKeyAndValueSurviveEscaping(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringMatching(`[a-zA-Z0-9.=: #!\\é]{1,12}`)
		key := strings.TrimSpace("k" + word.Draw(t, "key") + "k")
		value := strings.TrimSpace("v" + word.Draw(t, "value") + "v")
		got, err := parseProperties("f", escape(key)+" = "+escape(value)+"\n")
		if err != nil || len(got) != 1 || got[0].key != key || got[0].value != value {
			t.Fatalf("%q=%q became %+v (%v)", key, value, got, err)
		}
	})
}

func escape(text string) string {
	var b strings.Builder
	for _, r := range text {
		if strings.ContainsRune(`=: #!\`, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// Who reads the configurations of a whole ensemble says whose each is: no myid is read.
func TestTheNumberOfAServerMayBeTold(t *testing.T) {
	name := filepath.Join(t.TempDir(), "zoo.cfg")
	write(t, name, "dataDir=/nonexistent\nclientPort=2181\ninitLimit=5\nsyncLimit=5\n"+
		"server.1=a:1:2\nserver.2=b:1:2\nserver.3=c:1:2:observer\n")
	src := Source{Args: []string{name}}
	if _, _, err := Load(src); !errors.Is(err, ErrConfig) {
		t.Errorf("without myid: %v", err)
	}
	src.ID = 3
	c, _, err := Load(src)
	if err != nil || c.ID != 3 || !c.Observer {
		t.Errorf("as the third: %+v, %v", c, err)
	}
	src.ID = 4
	if _, _, err := Load(src); !errors.Is(err, ErrConfig) {
		t.Errorf("as a fourth: %v", err)
	}
}

// A directory becomes that of the server that claims it first. A volume that was given to
// the wrong server is refused: what is promised in it was promised by another one.
func TestADirectoryIsClaimedOnce(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	claim := func(id zoo.ServerID, expected bool) error {
		c := &Config{ID: id, DataDir: dir}
		c.Storage.DirsExpected = expected
		return c.Claim()
	}
	if err := claim(3, true); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a directory that must be there and is not: %v", err)
	}
	for range 2 {
		if err := claim(3, false); err != nil {
			t.Fatal(err)
		}
		if id, err := readMyID(dir); id != 3 || err != nil {
			t.Errorf("myid: %v, %v", id, err)
		}
	}
	if err := claim(2, false); !errors.Is(err, ErrConfig) ||
		!strings.Contains(err.Error(), "is 3") {
		t.Errorf("another server's: %v", err)
	}
	write(t, filepath.Join(dir, "myid"), "three")
	if err := claim(3, false); !errors.Is(err, ErrConfig) {
		t.Errorf("a myid that is no number: %v", err)
	}
}

// FuzzParseProperties reads a zoo.cfg that may say anything: it is refused, or
// settled, and then each server line means the same when it is written again.
func FuzzParseProperties(f *testing.F) {
	f.Add("a=b\\\n  c\n#x\n!y\nk\\u0041 : v\n")
	f.Add("server.1= :1:2\nserver.2=a:1:2;[ ]:3")
	f.Add("clientPort=2181\ninitLimit=5\nsyncLimit=5\nserver.1=[::1]:2888:3888;2181\n" +
		"server.2=a:1:2|b:1:2:observer;[::1]:2182\nserver.3=c:1:2\n")
	dir := f.TempDir()
	write(f, filepath.Join(dir, "myid"), "1\n")
	f.Fuzz(func(t *testing.T, text string) {
		settings, err := parseProperties("zoo.cfg", text)
		if err != nil {
			return
		}
		d := newDraft("zoo.cfg")
		_ = d.take(settings)
		d.DataDir = dir
		_ = d.settle()
		for _, s := range d.Servers {
			again, err := ParseServer(s.ID, s.String())
			if err != nil || !reflect.DeepEqual(s, again) {
				t.Fatalf("%q becomes %+v, %+v was meant (%v)", s, again, s, err)
			}
		}
	})
}

// FuzzLoad starts a server from a zoo.cfg and -D options that may say anything. It is
// refused with a reason, or gives a configuration. What each line may cost, such as a
// warning, is more than the line: so the longest file here is one of a few hundred.
func FuzzLoad(f *testing.F) {
	f.Add("clientPort=2181\ndataDir=/d\n", "zookeeper.admin.enableServer=false\nx=y")
	f.Add("clientPort=2181\ninitLimit=5\nsyncLimit=5\nserver.1=[::1]:2888:3888;2181\n"+
		"server.2=a:1:2|b:1:2:observer;[::1]:2182\nserver.3=c:1:2\ngroup.1=1:2:3\nweight.1=2\n",
		"java.security.auth.login.config=/j\nzookeeper.superUser.1=a")
	f.Add("secureClientPort=2281\nssl.keyStore.location=/k\nauthProvider.1=x\n"+
		"4lw.commands.whitelist=stat, ruok\nmaxClientCnxns=-1\n", "")
	dir := f.TempDir()
	write(f, filepath.Join(dir, "myid"), "1\n")
	name := filepath.Join(dir, "zoo.cfg")
	f.Fuzz(func(t *testing.T, text, properties string) {
		if len(text)+len(properties) > 4<<10 {
			return
		}
		write(t, name, "dataDir="+dir+"\n"+text)
		src := Source{Args: []string{name}}
		if properties != "" {
			src.Properties = strings.Split(properties, "\n")
		}
		arrived := len(text) + len(properties)
		alloc.Bounded(t, arrived, func() {
			c, _, err := Load(src)
			if (c == nil) != errors.Is(err, ErrConfig) {
				t.Fatalf("%+v with %v", c, err)
			}
		})
	})
}
