package server

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"zoo"
	"zoo/internal/disk/vfs"
	"zoo/internal/wire"
)

// keepAll offers requests at an instant, one for each time that it took, in milliseconds.
func (s *slowest) keepAll(at time.Duration, millis ...int) {
	for _, ms := range millis {
		took := time.Duration(ms) * time.Millisecond
		if s.wants(at, took) {
			s.keep(slowRequest{lastReply: lastReply{at: at, took: took, cxid: int32(ms)}})
		}
	}
}

func (s *slowest) taken(now time.Duration, limit int) (millis []int32) {
	for _, r := range s.list(now, limit) {
		millis = append(millis, r.cxid)
	}
	return millis
}

func upTo(from, to int) (all []int) {
	for ; from <= to; from++ {
		all = append(all, from)
	}
	return all
}

// The plot: many slow requests in one minute, a few in a later one. The many do not push out
// the few, quick ones are not kept, and what is old goes.
func TestTheSlowestOfEachMinuteAreKept(t *testing.T) {
	var s slowest
	s.keepAll(time.Second, upTo(1, 1000)...)
	s.keepAll(2*time.Second, 5, 900, 500)
	got := s.taken(3*time.Second, 100)
	if len(got) != slowKept || got[0] != 1000 || got[31] != 969 {
		t.Fatalf("of the first minute: %v", got)
	}
	s.keepAll(2*time.Minute, 20, 9, 10)
	if got := s.taken(2*time.Minute, 100); len(got) != slowKept+2 || got[33] != 10 {
		t.Errorf("of two minutes: %v", got)
	}
	if got := s.taken(2*time.Minute, 2); len(got) != 2 || got[1] != 999 {
		t.Errorf("the first two: %v", got)
	}
	if got := s.taken(11*time.Minute, 100); len(got) != 2 || got[0] != 20 {
		t.Errorf("later: %v", got)
	}
	for i := range 3 * slowSpans {
		s.keepAll(time.Duration(20+i)*time.Minute, 30)
	}
	if got := s.taken(49*time.Minute, 100); len(got) != slowSpans {
		t.Errorf("in the end: %v", got)
	}
}

// The plot: the disk is slow once, while a client creates a znode and reads behind that.
// Operators learn of both, with who and what, and of nothing that was quick.
func TestOperatorsLearnOfSlowRequests(t *testing.T) {
	disk := vfs.NewMem()
	cfg := standaloneConfig(disk)
	operated(&cfg)
	var slow atomic.Bool
	cfg.Store.FS = vfs.NewFaulty(disk, func(_ int, op vfs.Op) error {
		if op.Kind == vfs.OpSync && slow.CompareAndSwap(true, false) {
			<-time.After(2 * slowMin)
		}
		return nil
	})
	s := start(t, disk, cfg)
	c := s.connect()
	c.create("/a", "")
	slow.Store(true)
	c.pipeline(request(7, wire.OpCreate, create("/slow", "")),
		request(8, wire.OpGetData, &wire.GetDataRequest{Path: "/a"}))
	c.reply(7, zoo.CodeOK)
	c.reply(8, zoo.CodeOK)
	got, _ := s.lines("/slow_requests", "requests", "xid", "op", "path", "session", "client")
	who := " " + shown(c) + " " + c.nc.LocalAddr().String()
	all := strings.Join(got, "\n") + "\n"
	for _, want := range []string{"7 create /slow" + who, "8 getData /a" + who} {
		if !strings.Contains(all, want+"\n") {
			t.Errorf("%q is not in %q", want, all)
		}
	}
	fields := s.get("/slow_requests?limit=1").fields(t, http.StatusOK)
	first := fields["requests"].([]any)[0].(map[string]any)
	least := 2 * float64(slowMin.Milliseconds())
	if took := first["took_ms"].(float64); took < least {
		t.Errorf("the slowest took %v ms", took)
	}
	if took := s.stagesOf(7)["sync"]; took < least {
		t.Errorf("the stages of the write are %v; the disk took %v ms", s.stagesOf(7), least)
	}
}

// stagesOf are the stages of a slow request, in milliseconds.
func (r *running) stagesOf(xid float64) map[string]float64 {
	stages := map[string]float64{}
	for _, one := range r.get("/slow_requests").fields(r.t, http.StatusOK)["requests"].([]any) {
		fields := one.(map[string]any)
		of, _ := fields["stages_ms"].(map[string]any)
		for stage, took := range of {
			if fields["xid"] == xid {
				stages[stage] = took.(float64)
			}
		}
	}
	return stages
}
