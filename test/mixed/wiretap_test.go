package mixed

import (
	order "encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"zoo/test/ensemble"
)

// tap stands between the servers of an ensemble and writes down what they say to each
// other.
type tap struct {
	// places are the ports of the servers; immutable once they run.
	places map[string]place
	mu     sync.Mutex // guards talks
	talks  []*talk
	closed sync.WaitGroup
}

// place is whose a port is, and what for.
type place struct {
	id       int
	election bool
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

// insert takes the place of every server for every other one: each has a SOCKS proxy of its
// own for what it dials, so that no configuration has to lie about where the others are.
func (s *story) insert() *tap {
	s.Helper()
	w := &tap{places: map[string]place{}}
	s.Cleanup(func() { // behind that of the listeners
		s.must(s.Close())
		w.closed.Wait()
	})
	for _, server := range s.Servers {
		line := strings.Split(server.Line("participant"), ":")
		for i, election := range []bool{false, true} {
			w.places[line[1+i]] = place{server.ID, election}
		}
		server.Become(javas.program("-DsocksProxyHost=127.0.0.1", "-DsocksNonProxyHosts=",
			"-DsocksProxyPort="+strconv.Itoa(s.listen(w, server))))
	}
	return w
}

// listen is a server's way to the others. It gives the port.
func (s *story) listen(w *tap, from *ensemble.Server) int {
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
			w.closed.Go(func() { w.pass(conn, from.ID) })
		}
	})
	return l.Addr().(*net.TCPAddr).Port
}

// socksTarget hears where a SOCKS 5 client wants to go (RFC 1928, without a password), and
// gives the port.
func socksTarget(conn net.Conn) (string, error) {
	// Version, count and list of methods; Java's client offers up to two.
	hello := make([]byte, 2)
	if _, err := io.ReadFull(conn, hello); err != nil {
		return "", err
	}
	if _, err := io.ReadFull(conn, make([]byte, hello[1])); err != nil {
		return "", err
	}
	if _, err := conn.Write([]byte{5, 0}); err != nil {
		return "", err
	}
	// Version, CONNECT, reserved, IPv4, the address and the port.
	ask := make([]byte, 10)
	if _, err := io.ReadFull(conn, ask); err != nil {
		return "", err
	}
	if ask[1] != 1 || ask[3] != 1 {
		return "", fmt.Errorf("a request that is not for an IPv4 address: %x", ask)
	}
	return strconv.Itoa(int(order.BigEndian.Uint16(ask[8:]))), nil
}

// pass is one connection, until either end closes it.
func (w *tap) pass(conn net.Conn, from int) {
	defer conn.Close()
	port, err := socksTarget(conn)
	if err != nil {
		return
	}
	at, known := w.places[port]
	other, err := net.Dial("tcp", "127.0.0.1:"+port)
	if err != nil || !known {
		return
	}
	defer other.Close()
	if _, err := conn.Write([]byte{5, 0, 0, 1, 127, 0, 0, 1, 0, 0}); err != nil {
		return
	}
	t := &talk{from: from, to: at.id, election: at.election}
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

// elections are the connections of the election that servers have dialed and kept: what
// was said in both directions.
func (w *tap) elections(dialers ...*ensemble.Server) []*talk {
	return w.those(func(t *talk) bool {
		return t.election && t.from > t.to &&
			slices.ContainsFunc(dialers, func(d *ensemble.Server) bool { return d.ID == t.from })
	})
}

// all are the connections of a learner to one leader, in their order.
func (w *tap) all(learner, leader int) []*talk {
	return w.those(func(t *talk) bool {
		return !t.election && t.from == learner && t.to == leader
	})
}

func (w *tap) those(which func(*talk) bool) []*talk {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(w.talks), func(t *talk) bool { return !which(t) })
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
