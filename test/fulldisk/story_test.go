package fulldisk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"zoo"
	"zoo/client"
	"zoo/test/ensemble"
)

const (
	storyLimit = 3 * time.Minute
	diskSize   = "96m"
	// ballastBytes are what somebody else has on the disk, and removes later.
	ballastBytes = 40 << 20
	valueBytes   = 32 << 10
)

// The plot: three servers on one small disk, with somebody else's files on it. A client
// writes until it is refused: below the reserve nothing that needs space is taken, but reads,
// deletions and new sessions are. Then the stranger takes every last byte, and deletions go
// on until the logs cannot be written: roles end, no process does. The stranger's
// files go, and without a restart writes are taken again. All that was acknowledged is
// there, on each server, and still is after all are killed and started once more.
func TestAFullDiskLosesNothingAndIsSurvivedWithoutARestart(t *testing.T) {
	s := begin(t)
	ballast := filepath.Join(s.disk, "ballast")
	s.must(os.WriteFile(ballast, make([]byte, ballastBytes), 0o600))

	s.fill()
	if !errors.Is(s.refusal, zoo.CodeNotReadOnly) {
		t.Fatalf("after %d writes: %v", len(s.written), s.refusal)
	}
	t.Logf("%d values of %d bytes were taken", len(s.written), valueBytes)
	s.forget(1)
	other := s.dial()
	if _, _, err := other.Get(s.ctx, "/d", nil); err != nil {
		t.Error(err)
	}
	s.must(other.Close(s.ctx))

	lifes := s.PIDs()
	rest := s.takeAll()
	s.exhaust()
	s.must(os.Remove(ballast))
	s.must(os.Remove(rest))
	s.writeAgain()
	for i, pid := range s.PIDs() {
		if pid != lifes[i] {
			t.Errorf("server %d was started anew", i+1)
		}
	}
	s.wantAll()

	s.must(s.Close())
	s.must(s.Start(s.ctx))
	s.wantAll()
}

// story is an ensemble on a disk of its own, with a client.
type story struct {
	*testing.T
	*ensemble.Ensemble
	ctx    context.Context
	disk   string
	client *client.Client
	rng    *rand.Rand
	// written is what was acknowledged, gone what was acknowledged to be deleted; unsure
	// is what may be either.
	written map[string][]byte
	unsure  map[string]bool
	refusal error
}

func begin(t *testing.T) *story {
	ctx, cancel := context.WithTimeout(context.Background(), storyLimit)
	t.Cleanup(cancel)
	s := &story{T: t, ctx: ctx, disk: t.TempDir(), rng: rand.New(rand.NewPCG(1, 2)),
		written: map[string][]byte{}, unsure: map[string]bool{}}
	ensemble.LeaveOut(t, "a file system to fill (it takes root)", mount(s.disk, diskSize))
	t.Cleanup(func() {
		if err := unmount(s.disk); err != nil {
			t.Error(err)
		}
	})
	binary, err := ensemble.Build(ctx, t.TempDir())
	s.must(err)
	s.Ensemble, err = ensemble.New(ensemble.Options{
		Dir: s.disk, Voters: 3, TickTime: 500 * time.Millisecond, Program: ensemble.Zoo(binary),
		Lines: []string{"disk.reserve=8m", "preAllocSize=1024"},
	})
	s.must(err)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		for _, server := range s.Servers {
			if !t.Failed() {
				break
			}
			t.Logf("server %d:\n%s", server.ID, server.LastLines(40))
		}
	})
	s.must(s.Start(ctx))
	s.client = s.dial()
	_, err = s.client.Create(ctx, "/d", nil, client.CreateOptions{})
	s.must(err)
	return s
}

func (s *story) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *story) dial() *client.Client {
	s.Helper()
	c, err := client.Dial(s.ctx, client.Options{Servers: s.Addresses()})
	s.must(err)
	s.Cleanup(func() { _ = c.Close(context.Background()) })
	return c
}

// fill writes until it is refused.
func (s *story) fill() {
	for i := 0; s.refusal == nil; i++ {
		s.refusal = s.write(fmt.Sprintf("/d/%d", i))
		if lost(s.refusal) && s.ctx.Err() == nil {
			s.refusal = nil
		}
	}
}

// write makes a znode of noise, which no file system can press together.
func (s *story) write(path string) error {
	value := make([]byte, valueBytes)
	for i := range value {
		value[i] = byte(s.rng.Uint32())
	}
	_, err := s.client.Create(s.ctx, path, value, client.CreateOptions{})
	switch {
	case err == nil:
		s.written[path] = value
	case lost(err):
		s.unsure[path] = true
	}
	return err
}

// lost tells whether an error says that the client does not know what became of its
// request.
func lost(err error) bool {
	return errors.Is(err, zoo.CodeConnectionLoss) || errors.Is(err, zoo.CodeSessionMoved)
}

// forget deletes n of what was written.
func (s *story) forget(n int) {
	s.Helper()
	for path := range s.written {
		if n--; n < 0 {
			return
		}
		err := s.client.Delete(s.ctx, path, client.AnyVersion)
		for lost(err) && s.ctx.Err() == nil {
			err = s.client.Delete(s.ctx, path, client.AnyVersion)
		}
		if !errors.Is(err, zoo.CodeNoNode) {
			s.must(err)
		}
		delete(s.written, path)
	}
}

// takeAll fills what is left of the disk, and tells the file.
func (s *story) takeAll() string {
	s.Helper()
	name := filepath.Join(s.disk, "rest")
	f, err := os.Create(name)
	s.must(err)
	piece := make([]byte, 64<<10)
	for len(piece) > 0 {
		if _, err := f.Write(piece); err != nil {
			piece = piece[:len(piece)/2]
		}
	}
	s.must(f.Close())
	return name
}

// exhaust deletes and makes sessions until the logs are full.
func (s *story) exhaust() {
	s.Helper()
	for range 100_000 {
		err := s.client.Delete(s.ctx, "/nothing", client.AnyVersion)
		if lost(err) {
			return
		}
		if !errors.Is(err, zoo.CodeNoNode) {
			s.Fatalf("a deletion on a full disk: %v", err)
		}
	}
	s.Fatal("the logs are never full")
}

// writeAgain writes until one write is acknowledged.
func (s *story) writeAgain() {
	s.Helper()
	for i := 0; ; i++ {
		err := s.write(fmt.Sprintf("/d/after-%d", i))
		if err == nil {
			return
		}
		if s.ctx.Err() != nil {
			s.Fatalf("no write is taken after the disk has room: %v", err)
		}
	}
}

// wantAll asks every server for what was acknowledged.
func (s *story) wantAll() {
	s.Helper()
	s.must(s.WaitServing(s.ctx))
	for _, server := range s.Servers {
		c, err := client.Dial(s.ctx, client.Options{Servers: []string{server.Address()}})
		s.must(err)
		s.must(c.Sync(s.ctx, "/"))
		for path, want := range s.written {
			got, _, err := c.Get(s.ctx, path, nil)
			if err != nil || !bytes.Equal(got, want) {
				s.Errorf("server %d: %s was acknowledged and is not there: %v",
					server.ID, path, err)
			}
		}
		names, _, err := c.Children(s.ctx, "/d", nil)
		s.must(err)
		for _, name := range names {
			if path := "/d/" + name; s.written[path] == nil && !s.unsure[path] {
				s.Errorf("server %d: %s was deleted or refused and is there", server.ID, path)
			}
		}
		s.must(c.Close(s.ctx))
	}
}
