package mixed

import (
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"zoo/test/ensemble"
)

// tap stands between the servers of an ensemble and writes down what they say to each
// other.
type tap struct {
	mu     sync.Mutex // guards talks
	talks  []*talk
	closed sync.WaitGroup
}

// talk is one connection between two servers.
type talk struct {
	from, to int
	election bool
	// said is what was said, in the order in which it came by, under the tap's mu.
	said []saying
}

// saying is bytes that came together.
type saying struct {
	by    int
	bytes []byte
}

// insert takes the place of every server for every other one: each hears in its own
// zoo.cfg where the tap listens for it.
func (s *story) insert() *tap {
	s.Helper()
	w := &tap{}
	for _, from := range s.Servers {
		file := filepath.Join(from.Home(), "zoo.cfg")
		text, err := os.ReadFile(file)
		s.must(err)
		var lines []string
		for line := range strings.Lines(string(text)) {
			lines = append(lines, s.detour(w, from, line))
		}
		s.must(os.WriteFile(file, []byte(strings.Join(lines, "")), 0o600))
	}
	s.Cleanup(func() {
		s.must(s.Close())
		w.closed.Wait()
	})
	return w
}

// detour changes the line of another server: server.N=host:quorum:election:role;…
func (s *story) detour(w *tap, from *ensemble.Server, line string) string {
	s.Helper()
	name, rest, _ := strings.Cut(line, "=")
	id, err := strconv.Atoi(strings.TrimPrefix(name, "server."))
	if err != nil || id == from.ID {
		return line
	}
	parts := strings.SplitN(rest, ":", 4)
	for i, election := range []bool{false, true} {
		about := talk{from: from.ID, to: id, election: election}
		port := s.listen(w, "127.0.0.1:"+parts[1+i], about)
		parts[1+i] = strconv.Itoa(port)
	}
	return name + "=" + strings.Join(parts, ":")
}

// listen passes on what comes to a port of its own.
func (s *story) listen(w *tap, target string, about talk) int {
	s.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	s.must(err)
	s.Cleanup(func() { l.Close() })
	w.closed.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			w.closed.Go(func() { w.pass(conn, target, about) })
		}
	})
	return l.Addr().(*net.TCPAddr).Port
}

// pass is one connection, until either end closes it.
func (w *tap) pass(conn net.Conn, target string, about talk) {
	defer conn.Close()
	other, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer other.Close()
	t := &about
	w.mu.Lock()
	w.talks = append(w.talks, t)
	w.mu.Unlock()
	var back sync.WaitGroup
	back.Go(func() { w.copy(t, t.to, conn, other) })
	w.copy(t, t.from, other, conn)
	back.Wait()
}

// copy writes down and passes on what one end says. It ends both.
func (w *tap) copy(t *talk, by int, to, from net.Conn) {
	defer to.Close()
	defer from.Close()
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			w.mu.Lock()
			t.said = append(t.said, saying{by, append([]byte(nil), buf[:n]...)})
			w.mu.Unlock()
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// last is the newest connection of a learner to its leader.
func (w *tap) last(learner int) *talk {
	w.mu.Lock()
	defer w.mu.Unlock()
	at := lastIndex(w.talks, func(t *talk) bool { return t.from == learner && !t.election })
	return w.talks[at]
}

// elections are the connections of the election that two servers have kept: what was
// said in both directions.
func (w *tap) elections() []*talk {
	w.mu.Lock()
	defer w.mu.Unlock()
	var kept []*talk
	for _, t := range w.talks {
		if t.election && t.from > t.to {
			kept = append(kept, t)
		}
	}
	return kept
}

// write stores what was said so far: the speaker, the listener, and the bytes.
func (w *tap) write(t *testing.T, name, about string, talks ...*talk) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n", about)
	for _, talk := range talks {
		for _, said := range talk.said {
			fmt.Fprintf(&b, "%d %d %s\n", said.by, talk.from+talk.to-said.by,
				hex.EncodeToString(said.bytes))
		}
	}
	err := os.WriteFile(filepath.Join("testdata", name), []byte(b.String()), 0o600)
	if err != nil {
		t.Fatal(err)
	}
}
