package words

import (
	"context"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"zoo/test/ensemble"
)

// limit bounds the whole comparison, on a machine that is busy with other tests.
const limit = 3 * time.Minute

// asked are the words, in this order: the last ones change what others show.
var asked = []string{
	"ruok", "isro", "srvr", "stat", "cons", "dump", "conf", "envi", "dirs", "wchs", "wchp",
	"wchc", "hash", "mntr", "gtmk", "stmk\x00\x00\x00\x00\x00\x00\x00\x07", "gtmk",
	"crst", "cons", "srst", "srvr", "\xff\xf4\xff\xfd",
}

// answers are one server's.
type answers map[string]string

// collect starts a standalone server, plays the history and asks every word.
func collect(t *testing.T, program ensemble.Program) answers {
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	e, err := ensemble.New(ensemble.Options{Dir: t.TempDir(), Voters: 1, Program: program})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	if err := e.Start(ctx); err != nil {
		t.Fatal(err)
	}
	server := e.Servers[0]
	play(t, server.Address())
	texts := answers{}
	for _, word := range asked {
		text, err := server.Ask(ctx, word)
		if err != nil {
			t.Fatal(err)
		}
		texts[word] = text
	}
	return texts
}

// play is the history: a session with an ephemeral znode and a watch on data.
func play(t *testing.T, address string) {
	conn, events, err := zk.Connect([]string{address}, 30*time.Second, zk.WithLogInfo(false))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	for event := range events {
		if event.State == zk.StateHasSession {
			break
		}
	}
	open := zk.WorldACL(zk.PermAll)
	for path, flags := range map[string]int32{"/words": 0, "/passing": zk.FlagEphemeral} {
		if _, err := conn.Create(path, []byte("x"), flags, open); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, _, err := conn.GetW("/words"); err != nil {
		t.Fatal(err)
	}
	for i := range 200 { // the digest is logged at every 128th zxid
		if _, err := conn.Set("/words", []byte{'x'}, -1); err != nil {
			t.Fatal(i, err)
		}
		if i == 198 {
			if _, _, _, err := conn.GetW("/words"); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, _, _, err := conn.ExistsW("/missing"); err != nil {
		t.Fatal(err)
	}
}

// The masks, in the order in which they are put on.
var masks = []struct {
	pattern *regexp.Regexp
	mask    string
}{
	{regexp.MustCompile(`\w{3} \w{3} \d\d \d\d:\d\d:\d\d \w+ \d{4}`), "DATE"},
	{regexp.MustCompile(`(?m)^Zookeeper version: .*, built on .* UTC$`), "VERSION"},
	{regexp.MustCompile(`127\.0\.0\.1:\d+`), "ADDRESS"},
	{regexp.MustCompile(`0x[0-9a-f]+`), "HEX"},
	{regexp.MustCompile(`\d+\.\d+(E-?\d+)?`), "FRACTION"},
	{regexp.MustCompile(`\d+`), "N"},
}

func masked(text string) string {
	for _, m := range masks {
		text = m.pattern.ReplaceAllString(text, m.mask)
	}
	return text
}

// The plot: two servers hear the same history, then the same words. Their answers
// are the same texts, or differ in figures only; of envi and conf the keys are
// compared, of mntr the names and the forms of the values.
func TestWordsAreAnsweredLineByLineAsByJava(t *testing.T) {
	java, zoo := both(t)
	for _, word := range asked {
		switch word {
		case "conf", "envi", "mntr":
			continue
		case "ruok", "isro", "gtmk", "crst", "srst", "\xff\xf4\xff\xfd":
			if java[word] != zoo[word] {
				t.Errorf("%q: Java says %q, zoo %q", word, java[word], zoo[word])
			}
			continue
		}
		if want, got := shape(word, java[word]), shape(word, zoo[word]); want != got {
			t.Errorf("%q: Java says\n%s\nzoo says\n%s", word, want, got)
		}
	}
	compareSettings(t, java["conf"], zoo["conf"])
	compareKeys(t, "envi", keys(java["envi"], "="), keys(zoo["envi"], "="))
	compareMonitor(t, java["mntr"], zoo["mntr"])
}

// both asks both servers.
func both(t *testing.T) (java, zoo answers) {
	binary := build(t)
	return collect(t, ensemble.Java("256m")), collect(t, ensemble.Zoo(binary))
}

// build compiles zoo, if there is a Java to compare it with.
func build(t *testing.T) string {
	ensemble.LeaveOut(t, "Java ZooKeeper", ensemble.FindJava())
	binary, err := ensemble.Build(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return binary
}

// hashOrdered are the words whose lines come out of Java's hash tables in any order.
var hashOrdered = []string{"stat", "cons", "dump", "wchp", "wchc"}

// shape is a masked answer. Where connections may linger after they were told
// goodbye, or Java's order is none, equal lines count once, sorted.
func shape(word, text string) string {
	text = masked(text)
	if !slices.Contains(hashOrdered, word) {
		return text
	}
	lines := strings.Split(strings.ReplaceAll(text, "[N]", "[OPS]"), "\n")
	slices.Sort(lines)
	return strings.Join(slices.Compact(lines), "\n")
}

func keys(text, separator string) (list []string) {
	for line := range strings.Lines(text) {
		if key, _, found := strings.Cut(line, separator); found {
			list = append(list, key)
		}
	}
	return list
}

func compareKeys(t *testing.T, word string, want, got []string) {
	t.Helper()
	if !slices.Equal(want, got) {
		t.Errorf("%s: Java has the keys\n%v\nzoo has\n%v", word, want, got)
	}
}

// compareSettings leaves out what 3.9 does not show any more unless it is set.
func compareSettings(t *testing.T, java, zoo string) {
	want := slices.DeleteFunc(keys(java, "="), func(key string) bool {
		return key == "secureClientPort"
	})
	compareKeys(t, "conf", want, keys(zoo, "="))
}

// compareMonitor wants every figure of Java's to be here in the same form, or to be
// in the documentation's list of those that are not.
func compareMonitor(t *testing.T, java, zoo string) {
	document, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	_, absent, _ := strings.Cut(string(document), "\n## Not here\n")
	ours := figures(zoo)
	// A figure of a learner has the learner's id in front.
	part := regexp.MustCompile(`^zk_((avg|min|max|cnt|sum|p50|p95|p99|p999)_)?(\d+_)?`)
	for name, want := range figures(java) {
		got, found := ours[name]
		explained := strings.Contains(absent, "`"+part.ReplaceAllString(name, "")+"`") ||
			strings.Contains(absent, "`"+strings.TrimPrefix(name, "zk_")+"`")
		switch {
		case !found && !explained:
			t.Errorf("mntr: Java has %s", name)
		case found && masked(got) != masked(want) && name != "zk_version":
			t.Errorf("mntr: Java says %s is %s, zoo %s", name, want, got)
		}
	}
}

func figures(text string) map[string]string {
	all := map[string]string{}
	for line := range strings.Lines(text) {
		if name, value, found := strings.Cut(strings.TrimSpace(line), "\t"); found {
			all[name] = value
		}
	}
	return all
}
