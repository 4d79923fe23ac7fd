package command

import (
	"strings"
	"testing"

	"zoo"
	"zoo/internal/check/alloc"
)

// The texts were compared with those of Java ZooKeeper 3.8.0, line by line.
func TestEveryWordIsAnsweredAsInJava(t *testing.T) {
	for word, want := range map[string]string{
		"cons": " /10.0.0.1:4711[1](queued=1,recved=6,sent=7,sid=0x10000b57fc30000,lop=SETD," +
			"est=1793645034000,to=30000,lcxid=0x5,lzxid=0x7,lresp=11927877,llat=3,minlat=0," +
			"avglat=4,maxlat=14)\n /10.0.0.2:99[0](queued=0,recved=0,sent=0)\n\n",
		"dump": "SessionTracker dump:\nSession Sets (2)/(3):\n" +
			"2 expire at Mon Nov 02 18:43:54 UTC 2026:\n\t0x10000b57fc30000\n\t0x2\n" +
			"1 expire at Mon Nov 02 18:44:54 UTC 2026:\n\t0x3\n" +
			"ephemeral nodes dump:\nSessions with Ephemerals (1):\n" +
			"0x10000b57fc30000:\n\t/a/e\n\t/b\n" +
			"Connections dump:\nConnections Sets (1)/(1):\n" +
			"1 expire at Mon Nov 02 18:43:54 UTC 2026:\n" +
			"\tip: /10.0.0.1:4711 sessionId: 0x10000b57fc30000\n",
		"dirs": "datadir_size: 7\nlogdir_size: 8\n",
		"hash": "80: 5383143327\n100: -9223372036854775807\n",
		"gtmk": "306",
		"wchc": "0x10\n\t/a\n0x20\n\t/a\n\t/b\n\n",
		"wchp": "/a\n\t0x10\n\t0x20\n/b\n\t0x20\n\n",
		"topm": "1300\t5\t100\t/\n500\t2\t90\t/a\nomitted\t7\n",
		"srst": "Server stats reset.\n",
		"crst": "Connection stats reset.\n",
	} {
		a := answerer(true)
		a.Allowed = []string{"*"}
		a.Settings = []Setting{{Key: "dataDirSize", Value: "7"}, {Key: "dataLogSize", Value: "8"}}
		if text := a.Answer(word, nil); text != want {
			t.Errorf("%s: got  %q\nwant %q", word, text, want)
		}
	}
}

func TestALearnerDumpsTheSessionsOfTheEnsemble(t *testing.T) {
	a := answerer(true)
	a.Allowed = []string{"dump"}
	source := a.Source.(fixed)
	source.overview.Leader = nil
	a.Source = source
	want := "SessionTracker dump:\nGlobal Sessions(1):\n0x10000b57fc30000\t6000ms\nephemeral"
	if text := a.Answer("dump", nil); !strings.HasPrefix(text, want) {
		t.Errorf("got %q, want %q at its begin", text, want)
	}
}

// A member of an ensemble may have sessions of its own: they stand in front.
func TestLocalSessionsAreDumpedBeforeThoseOfTheEnsemble(t *testing.T) {
	local := "SessionTracker dump:\nLocal Session Sets (1)/(1):\n" +
		"1 expire at Mon Nov 02 18:43:54 UTC 2026:\n\t0x7\n"
	s := Sessions{HasLocal: true,
		Local:  []Bucket{{Expires: fixedTime, Sessions: []zoo.SessionID{7}}},
		Global: []GlobalSession{{ID: 8, TimeoutMillis: 6000}}}
	for want, tracked := range map[string]bool{
		local + "Global Sessions(1):\n0x8\t6000ms\nephemeral": false,
		local + "Global Session Sets (0)/(0):\nephemeral":     true,
	} {
		s.Tracked = tracked
		a := Answerer{Source: dumping{fixed{}, s}}
		if text := a.dump(nil); !strings.HasPrefix(text, want) {
			t.Errorf("got %q, want %q at its begin", text, want)
		}
	}
}

// dumping is a server with these sessions.
type dumping struct {
	fixed
	sessions Sessions
}

func (d dumping) Sessions() Sessions { return d.sessions }

func TestAReadOnlyServerSaysSo(t *testing.T) {
	a := answerer(true)
	source := a.Source.(fixed)
	source.overview.ReadOnly, source.overview.Mode = true, "read-only"
	a.Source = source
	for word, want := range map[string]string{
		"isro": "ro",
		"srvr": "UTC\nREAD-ONLY mode; serving only read-only clients\nLatency",
		"stat": "UTC\nREAD-ONLY mode; serving only read-only clients\nClients:",
	} {
		if text := a.Answer(word, nil); !strings.Contains(text, want) {
			t.Errorf("%s: got %q, want %q in it", word, text, want)
		}
	}
}

// The mask changes nothing but what the next one who asks is told.
func TestTheTraceMaskIsKept(t *testing.T) {
	a := answerer(true)
	a.Allowed = []string{"gtmk", "stmk"}
	if n := a.ArgumentBytes("stmk"); n != maskBytes {
		t.Fatalf("%d bytes follow stmk", n)
	}
	if text := a.Answer("stmk", []byte{0, 0, 0, 0, 0, 0, 1, 7}); text != "263" {
		t.Errorf("got %q", text)
	}
	if text := a.Answer("gtmk", nil); text != "263" {
		t.Errorf("got %q", text)
	}
	a.Allowed = nil
	if n := a.ArgumentBytes("stmk"); n != 0 {
		t.Errorf("%d bytes are awaited for a word that is refused", n)
	}
}

func TestEachResetReachesWhatItIsAbout(t *testing.T) {
	a := answerer(true)
	a.Allowed = []string{"*"}
	a.Answer("srst", nil)
	a.Answer("crst", nil)
	a.Answer("crst", nil)
	resets := a.Source.(fixed).resets
	if resets["server"] != 1 || resets["clients"] != 2 {
		t.Errorf("got %v", resets)
	}
}

// Java's keys, in Java's order; dashboards pick some of them.
func TestTheEnvironmentHasJavasKeys(t *testing.T) {
	var keys []string
	for line := range strings.Lines(answerer(true).Answer("envi", nil)) {
		if key, _, found := strings.Cut(line, "="); found {
			keys = append(keys, key)
		}
	}
	want := "zookeeper.version host.name java.version java.vendor java.home java.class.path " +
		"java.library.path java.io.tmpdir java.compiler os.name os.arch os.version user.name " +
		"user.home user.dir os.memory.free os.memory.max os.memory.total"
	if got := strings.Join(keys, " "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// FuzzWord asks anything of a server that allows everything: no text brings it down,
// and what is no word is never answered as one.
func FuzzWord(f *testing.F) {
	for _, seed := range []string{
		"ruok", "stmk\x00\x00\x00\x00\x00\x00\x00\x07", "stmk\x00", "sr", telnetClose,
		"\x00\x00\x00\x2d", "mntr\n", "zzzz",
	} {
		f.Add([]byte(seed))
	}
	for _, c := range Table() {
		f.Add([]byte(c.Word))
	}
	a := answerer(true)
	a.Allowed = []string{"*"}
	a.Settings = append(a.Settings, Setting{Key: "dataDirSize", Value: "7"})
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) < WordBytes || !Known(b[:WordBytes]) {
			return
		}
		name := string(b[:WordBytes])
		n := a.ArgumentBytes(name)
		if len(b) < WordBytes+n {
			return
		}
		var text string
		alloc.Bounded(t, len(b), func() { text = a.Answer(name, b[WordBytes:WordBytes+n]) })
		if text == "" && name != telnetClose || strings.Contains(text, "whitelist") {
			t.Errorf("%q is answered by %q", b, text)
		}
	})
}
