package client_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"zoo"
	"zoo/client"
	"zoo/internal/wire"
)

// record is what hooks have heard.
type record struct {
	mu    sync.Mutex
	lines []string
}

func (r *record) note(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, fmt.Sprintf(format, args...))
}

func (r *record) hooks() client.Trace {
	return client.Trace{
		Connect: func(i client.ConnectInfo) {
			r.note("connect %s %v %v", i.Server.Address, i.Session, i.Err)
		},
		Disconnect: func(s client.Server, err error) { r.note("disconnect %s", s.Address) },
		Call: func(_ context.Context, i client.CallInfo) {
			r.note("%s %q %q zxid=%v request=%d reply=%d waited=%v took=%v timeout=%v",
				i.Op, i.Path, i.Server, i.Zxid, i.RequestBytes, i.ReplyBytes, i.Waited, i.Took,
				errors.Is(i.Err, zoo.ErrOperationTimeout))
		},
	}
}

// The plot: an attempt fails, the next one serves, a call waits for its answer, another
// one ends with its context, and the connection is lost. The hooks hear of all of it in
// this order, and the counts agree.
func TestTheHooksHearWhatHappens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		opts, heard := f.options(), &record{}
		opts.Trace = heard.hooks()
		opts.Dial = func(ctx context.Context, address string) (net.Conn, error) {
			if f.dialed.Add(1) == 1 {
				return nil, errNobody
			}
			return f.dial(ctx, address)
		}
		c := f.begin(opts)
		p := f.accept(granted())
		done := make(chan error)
		for range 2 {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			go func() {
				_, _, err := c.Get(ctx, "/a", nil)
				done <- err
			}()
			h := p.hear(wire.OpGetData, nil)
			if h.Xid == 1 {
				<-time.After(time.Second)
				p.reply(h, 7, &wire.GetDataResponse{})
			}
			<-done
		}
		p.nc.Close()
		p = f.accept(granted())
		s := c.Stats()
		if s.Calls != 2 || s.Unanswered != 1 || s.Connections != 2 || s.Outstanding != 0 ||
			s.AttemptsFailed != 1 || s.BytesSent == 0 || s.BytesReceived == 0 {
			t.Errorf("%+v", s)
		}
		p.leave(c)
		heard.expect(t)
	})
}

func (r *record) expect(t *testing.T) {
	t.Helper()
	want := []string{"connect a:1 0x0 nobody is at home", "connect a:1 0x17 <nil>",
		`getData "/a" "a:1" zxid=0x7 request=7 reply=72 waited=0s took=1s timeout=false`,
		`getData "/a" "" zxid=0x0 request=0 reply=0 waited=0s took=2s timeout=true`,
		"disconnect a:1", "connect a:1 0x17 <nil>",
		`closeSession "" "a:1" zxid=0xa request=0 reply=0 waited=0s took=0s timeout=false`,
		"disconnect a:1"}
	if !slices.Equal(r.lines, want) {
		t.Errorf("%q", r.lines)
	}
}
