package dev

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// The children of these tests are this binary again, told by its environment to
// be a server that waits for its end, or one that fails at once.
func TestMain(m *testing.M) {
	switch os.Getenv("ZOO_DEV_TEST_CHILD") {
	case "wait":
		end := make(chan os.Signal, 1)
		signal.Notify(end, syscall.SIGTERM)
		<-end
		os.Exit(0)
	case "fail":
		os.Stderr.WriteString("the disk is full\n")
		os.Exit(3)
	}
	os.Exit(m.Run())
}

func options(t *testing.T, child string) Options {
	t.Setenv("ZOO_DEV_TEST_CHILD", child)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return Options{Servers: 3, Observers: 1, Command: []string{self, "serve"},
		FirstWrite: func(context.Context, string) error { return nil }}
}

// watcher keeps what is said and ends the run when a word appears in it.
type watcher struct {
	bytes.Buffer
	word string
	end  context.CancelFunc
}

func (w *watcher) Write(p []byte) (int, error) {
	n, err := w.Buffer.Write(p)
	if strings.Contains(w.String(), w.word) {
		w.end()
	}
	return n, err
}

// Started, ready, interrupted: no process and no directory is left.
func TestEverythingIsGoneAtTheEnd(t *testing.T) {
	opts := options(t, "wait")
	ctx, cancel := context.WithCancel(t.Context())
	out := &watcher{word: "ready in ", end: cancel}
	opts.Out = out
	if err := Run(ctx, opts); err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(out.String(), "data in ")
	dir, _, _ := strings.Cut(after, "\n")
	if _, err := os.Stat(dir); dir == "" || !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("%q is left (%v); output:\n%s", dir, err, out)
	}
}

func TestDeathsAreShownWithTheirLastWords(t *testing.T) {
	opts := options(t, "fail")
	opts.Dir = t.TempDir()
	var out bytes.Buffer
	opts.Out = &out
	err := Run(t.Context(), opts)
	if err == nil || !strings.Contains(err.Error(), "every server has ended") {
		t.Fatalf("got %v", err)
	}
	for _, want := range []string{"server 2 (pid ", "exit status 3", "the disk is full"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
}

// A kept directory has the same ports when it comes back, except those that
// somebody else has taken meanwhile.
func TestPortsComeBackUnlessTheyAreTaken(t *testing.T) {
	opts := Options{Servers: 2, Observers: 1, Dir: t.TempDir()}
	before, err := plan(opts)
	if err != nil {
		t.Fatal(err)
	}
	thief, err := net.Listen("tcp", before[1].Client())
	if err != nil {
		t.Fatal(err)
	}
	defer thief.Close()
	after, err := plan(opts)
	if err != nil {
		t.Fatal(err)
	}
	if after[0] != before[0] || after[2] != before[2] || !after[2].Observer {
		t.Fatalf("before %v, after %v", before, after)
	}
	if after[1].ClientPort == before[1].ClientPort || after[1].QuorumPort != before[1].QuorumPort {
		t.Fatalf("before %v, after %v", before[1], after[1])
	}
	opts.Servers = 3
	if _, err := plan(opts); err == nil || !strings.Contains(err.Error(), "holds 2 servers") {
		t.Fatalf("got %v", err)
	}
}

func TestEveryServerKnowsAllAndItself(t *testing.T) {
	dir := t.TempDir()
	servers := []Server{{ID: 1, ClientPort: 1, QuorumPort: 2, ElectionPort: 3,
		AdminPort: 7},
		{ID: 2, Observer: true, ClientPort: 4, QuorumPort: 5, ElectionPort: 6, AdminPort: 8}}
	files, err := writeFiles(dir, servers)
	if err != nil {
		t.Fatal(err)
	}
	for i, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{
			"server.1=127.0.0.1:2:3:participant;127.0.0.1:1\n",
			"server.2=127.0.0.1:5:6:observer;127.0.0.1:4\n",
			fmt.Sprintf("admin.serverPort=%d\n", servers[i].AdminPort),
		} {
			if !strings.Contains(string(text), want) {
				t.Errorf("%s has no %s", file, want)
			}
		}
		myid, err := os.ReadFile(filepath.Join(filepath.Dir(file), "data", "myid"))
		if err != nil || string(myid) != strconv.Itoa(i+1)+"\n" {
			t.Errorf("myid of %s is %q (%v)", file, myid, err)
		}
	}
}
