package server

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"zoo/internal/disk/vfs"
)

// stranger opens a connection to the admin server and sends what he likes.
func (r *running) stranger(text string) net.Conn {
	r.t.Helper()
	c, err := net.Dial("tcp", r.operators.String())
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		r.t.Fatal(err)
	}
	if _, err := io.WriteString(c, text); err != nil {
		r.t.Fatal(err)
	}
	return c
}

// The plot: clients announce bodies that never come, with and without a length, to
// commands that take one and that do not. Each is answered, and its connection ends.
func TestABodyThatNeverComesKeepsNoConnection(t *testing.T) {
	s := startOperated(t)
	for head, want := range map[string]int{
		"GET /commands/ruok\nContent-Length: 1000":       200,
		"GET /commands/ruok\nTransfer-Encoding: chunked": 200,
		"GET /nothing\nContent-Length: 1000":             404,
		"POST /commands/restore\nContent-Length: 1000":   401,
		"POST /commands/restore\nContent-Length: 1000\n" +
			"Expect: 100-continue": 401,
		"GET /livez\nContent-Length: 1000000": 200,
	} {
		path, headers, _ := strings.Cut(head, "\n")
		c := s.stranger(path + " HTTP/1.1\r\nHost: localhost\r\n" +
			strings.ReplaceAll(headers, "\n", "\r\n") + "\r\n\r\nabc")
		from := bufio.NewReader(c)
		response, err := http.ReadResponse(from, nil)
		if err != nil {
			t.Fatalf("%s: %v", head, err)
		}
		if response.StatusCode != want || !response.Close {
			t.Errorf("%s: status %d, want %d; closes: %v", head, response.StatusCode, want,
				response.Close)
		}
		if _, err := io.Copy(io.Discard, from); err != nil {
			t.Errorf("%s: the connection stays: %v", head, err)
		}
	}
}

// The plot: who may restore announces a snapshot and sends its first bytes only. The
// idle timeout passes, the answer comes, and the connection ends.
func TestARestoreWhoseBodyStopsIsAnsweredAndEnds(t *testing.T) {
	disk := vfs.NewMem()
	cfg := standaloneConfig(disk)
	operated(&cfg)
	cfg.Admin.IdleTimeout = 50 * time.Millisecond
	s := start(t, disk, cfg)
	c := s.stranger("POST /commands/restore HTTP/1.1\r\nHost: localhost\r\n" +
		"Authorization: " + anyone + "\r\nContent-Length: 1000\r\n\r\nZKSN")
	from := bufio.NewReader(c)
	response, err := http.ReadResponse(from, nil)
	if err != nil || response.StatusCode == http.StatusOK || !response.Close {
		t.Fatalf("%+v, %v", response, err)
	}
	if _, err := io.Copy(io.Discard, from); err != nil {
		t.Errorf("the connection stays: %v", err)
	}
}

// The plot: strangers open connections and send half a request. Those that have waited
// longest go when there are too many, so that file descriptors are left for clients,
// and an operator is answered.
func TestConnectionsOfOperatorsAreBounded(t *testing.T) {
	s := startOperated(t)
	const most, more = 64, 8
	var first net.Conn
	for i := range most + more {
		c := s.stranger(fmt.Sprintf("GET /commands/ruok?%d HTTP/1.1\r\nHost: loc", i))
		if i == 0 {
			first = c
		}
	}
	if n, err := first.Read(make([]byte, 1)); n > 0 || err == nil {
		t.Errorf("the first connection is there: %d, %v", n, err)
	} else if timeout, ok := err.(net.Error); ok && timeout.Timeout() {
		t.Error("the first connection is still open")
	}
	s.get("/ruok").fields(t, http.StatusOK)
}

// The plot: strangers ask for the log, and wait. Nothing comes, and an operator's
// snapshot and log are sent all the same. Then something comes, and all are answered.
func TestWhoWaitsForTheLogKeepsNobodyFromTheData(t *testing.T) {
	s := startOperated(t)
	writer := s.connect()
	writer.create("/a", "")
	last := s.get("/snapshot").zxid(t)
	var waiting []net.Conn
	for range 8 {
		waiting = append(waiting, s.stranger(fmt.Sprintf("GET /commands/log?after=%v&wait=300 "+
			"HTTP/1.1\r\nHost: localhost\r\nAuthorization: %s\r\n\r\n", last, anyone)))
	}
	for range 4 {
		s.get("/snapshot").tree(t)
		if got := s.get("/log?after=0x0"); got.status != http.StatusOK {
			t.Errorf("log: %d %s", got.status, got.body)
		}
	}
	writer.create("/b", "")
	for _, c := range waiting {
		line, err := bufio.NewReader(c).ReadString('\n')
		if err != nil || !strings.Contains(line, "200") && !strings.Contains(line, "429") {
			t.Errorf("got %q, %v", line, err)
		}
	}
}

// The plot: a page in a browser on this machine has its own name lead to 127.0.0.1. It
// gets nothing; who gives an address, or a name of this machine, gets what he asks for.
func TestNamesThatOthersMayRedirectAreRefused(t *testing.T) {
	s := startOperated(t)
	for host, want := range map[string]string{
		"evil.example:8080": "421", "localhost.evil.example": "421", "8080": "421",
		"127.0.0.1:1": "200", "[::1]:8080": "200", "::1": "200", "LOCALHOST": "200",
		"localhost.:8080": "200", "10.0.0.1": "200", "": "200",
	} {
		c := s.stranger("GET /commands/ruok HTTP/1.0\r\nHost: " + host + "\r\n\r\n")
		answer, err := io.ReadAll(c)
		if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.0 "+want) {
			t.Errorf("%q: want %s, got %s (%v)", host, want, answer, err)
		}
	}
}
