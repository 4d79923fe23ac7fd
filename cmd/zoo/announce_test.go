package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	servers "zoo/test/ensemble"
)

// toldWithin bounds how long a server of this test may take over its start and its end.
const toldWithin = time.Minute

// supervisor plays systemd: it hears what a server tells about itself.
type supervisor struct {
	*testing.T
	conn *net.UnixConn
}

func (s *supervisor) hear() string {
	s.Helper()
	if err := s.conn.SetReadDeadline(time.Now().Add(toldWithin)); err != nil {
		s.Fatal(err)
	}
	told := make([]byte, 1024)
	n, err := s.conn.Read(told)
	if err != nil {
		s.Fatal(err)
	}
	return string(told[:n])
}

// alone is a zoo.cfg of a server alone.
func alone(t *testing.T) string {
	port, err := servers.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	name := filepath.Join(dir, "zoo.cfg")
	text := fmt.Sprintf("dataDir=%s/data\nclientPort=%d\nclientPortAddress=127.0.0.1\n"+
		"admin.serverPort=0\n", dir, port)
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

// systemd waits for READY before it starts what needs the server: from then on a client
// that connects is not refused. It hears of the end before the server has ended.
func TestSystemdIsToldWhenClientsCanConnectAndOfTheEnd(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	t.Setenv("NOTIFY_SOCKET", socket)
	s := &supervisor{t, conn}

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan int, 1)
	var log bytes.Buffer
	go func() {
		m := Main{Args: []string{"serve", alone(t)}, Stdout: &log, Stderr: &log}
		ended <- m.Run(ctx)
	}()
	state, words, _ := strings.Cut(s.hear(), "\n")
	address, _ := strings.CutPrefix(words, "STATUS=clients connect to [")
	address = strings.TrimSuffix(address, "]")
	if state != "READY=1" {
		t.Fatalf("told first: %s, %s", state, words)
	}
	client, err := net.Dial("tcp", address)
	if err != nil {
		t.Errorf("a client right after READY: %v", err)
	} else {
		client.Close()
	}
	stop()
	if told := s.hear(); !strings.HasPrefix(told, "STOPPING=1") {
		t.Errorf("told at the end: %s", told)
	}
	if code := <-ended; code != exitOK {
		t.Errorf("exit code %d\n%s", code, log.String())
	}
}

// Who is told of a socket that nobody listens at serves all the same: a container may have
// inherited the variable.
func TestAServerWithoutItsSupervisorServes(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", filepath.Join(t.TempDir(), "gone"))
	ctx, stop := context.WithTimeout(t.Context(), toldWithin)
	defer stop()
	warned := &watchedLog{word: "systemd is not told", seen: stop}
	m := Main{Args: []string{"serve", alone(t)}, Stdout: warned, Stderr: warned}
	if code := m.Run(ctx); code != exitOK {
		t.Errorf("exit code %d", code)
	}
	if warned.times == 0 {
		t.Error("nobody was warned")
	}
}

// watchedLog calls seen when a word comes. Its writer is one at a time: slog's handler.
type watchedLog struct {
	word  string
	seen  func()
	times int
}

func (l *watchedLog) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte(l.word)) {
		l.times++
		l.seen()
	}
	return len(p), nil
}
