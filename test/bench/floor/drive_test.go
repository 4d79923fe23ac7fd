package main

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	zooclient "zoo/client"
	"zoo/internal/load"
)

// free is a log that forgets, and a client's connection that takes everything.
type free struct{ net.Conn }

func (free) Append([]byte) error         { return nil }
func (free) Sync() error                 { return nil }
func (free) Write(b []byte) (int, error) { return len(b), nil }

// On the way of a hundred requests from the connection's bytes to the written answers,
// nothing is allocated.
func TestARequestAllocatesNothing(t *testing.T) {
	for name, op := range map[string]int32{"setData": opSetData, "getData": opGetData} {
		s := newServer(newLife(), free{}, 1024)
		defer s.life.end(nil)
		s.lead("standalone")
		c := newClient(s, free{})
		requests := bytes.Repeat(request(op, 1), 100)
		allocated := testing.AllocsPerRun(100, func() {
			if used, err := c.take(requests); err != nil || used != len(requests) {
				t.Fatalf("%d of %d bytes are taken: %v", used, len(requests), err)
			}
		})
		if allocated > 0 {
			t.Errorf("a hundred %s allocate %v times", name, allocated)
		}
	}
}

// A log begins again at its end: the last bytes are always there, and the file never grows.
func TestARingKeepsItsSize(t *testing.T) {
	name := filepath.Join(t.TempDir(), "ring")
	r, err := openRing(name, 10)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for _, text := range []string{"abcdefg", "hijkl", "mnopqrstuvwxyz"} {
		if err := r.Append([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Sync(); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(name); err != nil || string(got) != "uvwxyzqrst" {
		t.Errorf("the file is %q (%v)", got, err)
	}
}

// start runs servers with logs that are free and returns their addresses.
func start(t *testing.T, n int) (servers []*server, addresses []string) {
	t.Helper()
	quorum := listen(t)
	var links []net.Conn
	for i := range n {
		s := newServer(newLife(), free{}, 100)
		servers = append(servers, s)
		if i == n-1 {
			s.lead("leader", links...)
			break
		}
		near, err := net.Dial("tcp", quorum.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		far, err := quorum.Accept()
		if err != nil {
			t.Fatal(err)
		}
		links = append(links, far)
		s.follow(near)
		t.Cleanup(func() { near.Close(); far.Close() })
	}
	for _, s := range servers {
		clients := listen(t)
		go s.accept(clients)
		addresses = append(addresses, clients.Addr().String())
		t.Cleanup(func() { s.life.end(nil) })
	}
	return servers, addresses
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// The load generator prepares, drives and removes all it knows on one server and on three,
// and no answer is wrong. Every byte that it wrote is in every log.
func TestTheLoadGeneratorIsServed(t *testing.T) {
	const valueBytes = 100
	for _, n := range []int{1, 3} {
		servers, addresses := start(t, n)
		writes := uint64(0)
		for _, op := range []load.Op{
			load.OpSet, load.OpGet, load.OpMixed, load.OpCreate, load.OpExists,
		} {
			report, err := load.Run(t.Context(), load.Options{
				Servers: addresses, Connections: 4, Outstanding: 10, Op: op, Reads: 0.5,
				SizeBytes: valueBytes, Duration: 50 * time.Millisecond,
				SessionTimeout: 10 * time.Second,
			})
			if err != nil {
				t.Fatal(err)
			}
			wrong := report.Failures + report.Lost + report.Reconnects
			if wrong > 0 || report.Reads+report.Writes == 0 {
				t.Errorf("%s on %d servers: %+v", op, n, report)
			}
			writes += report.Writes
		}
		for i, s := range servers {
			if logged := uint64(s.log.bytes.Load()); logged < writes*valueBytes {
				t.Errorf("server %d of %d has logged %d bytes of %d writes", i, n, logged, writes)
			}
		}
	}
}

// A real client understands every answer, and gets the same ones for every path.
func TestAClientUnderstandsTheAnswers(t *testing.T) {
	_, addresses := start(t, 3)
	for _, address := range addresses {
		ctx := t.Context()
		c, err := zooclient.Dial(ctx, zooclient.Options{Servers: []string{address}})
		if err != nil {
			t.Fatal(err)
		}
		path, createErr := c.Create(ctx, "/a", nil, zooclient.CreateOptions{})
		written, setErr := c.Set(ctx, "/b", []byte("forgotten"), zooclient.AnyVersion)
		data, read, getErr := c.Get(ctx, "/c", nil)
		seen, existsErr := c.Exists(ctx, "/d", nil)
		deleteErr := c.Delete(ctx, "/e", zooclient.AnyVersion)
		err = errors.Join(createErr, setErr, getErr, existsErr, deleteErr, c.Close(ctx))
		if err != nil {
			t.Fatal(err)
		}
		if path != "/a" || len(data) != 100 || read.DataLength != 100 || read.Czxid != 1 {
			t.Errorf("%q is created, %d bytes are read with %+v", path, len(data), read)
		}
		if seen != read || written != read {
			t.Errorf("the Stats differ: %+v, %+v, %+v", seen, read, written)
		}
	}
}

// srvr tells the role, which is how the others are asked as well, and the counts.
func TestSrvrIsAnswered(t *testing.T) {
	_, addresses := start(t, 3)
	for i, mode := range []string{"follower", "follower", "leader"} {
		conn, err := net.Dial("tcp", addresses[i])
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := io.WriteString(conn, "srvr"); err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(conn)
		if err != nil || !strings.HasPrefix(string(text), "Mode: "+mode+"\nLog bytes: 0\n") {
			t.Errorf("server %d answers %q (%v)", i, text, err)
		}
	}
}
