package robust

import (
	"context"
	"errors"
	"sync"
	"time"

	"zoo"
	"zoo/client"
	"zoo/internal/check/history"
)

// callLimit bounds one call of the Go client, which itself waits for a connection.
const callLimit = 2 * time.Second

// guest is a worker with the project's Go client.
type guest struct {
	client *client.Client
	now    clock

	mu     sync.Mutex // events come by a goroutine of the client's
	stream *history.Stream
	lastID history.WatchID
	// aside makes a stream for one answer.
	aside func() *history.Stream
}

// workWithClient is a worker with the Go client, until the end of ctx.
func (r *run) workWithClient(ctx context.Context, worker int, seed uint64) {
	p := newPlan(seed, worker, r.now)
	for ctx.Err() == nil {
		c, err := client.Dial(ctx, client.Options{
			Servers: r.addresses, SessionTimeout: sessionTimeout})
		if err != nil {
			continue
		}
		id := c.SessionID()
		g := &guest{client: c, now: r.now, stream: r.newStream(id),
			aside: func() *history.Stream { return r.newStream(id) }}
		for ctx.Err() == nil && c.State() != client.StateExpired {
			op := p.next()
			g.do(ctx, &op)
			r.note(&op)
			p.learn(&op)
			p.think(ctx)
		}
		end, stop := context.WithTimeout(context.Background(), callLimit)
		_ = c.Close(end) // it may have no connection to say goodbye by
		stop()
	}
}

// do carries out one operation and takes it down, behind all events that came before its
// answer.
func (g *guest) do(ctx context.Context, op *history.Operation) {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	var watcher client.Watcher
	if op.Watch != 0 {
		op.Watch, watcher = g.watcher(op.Path)
	}
	op.Call = at(g.now())
	err := g.call(ctx, op, watcher)
	op.Return = at(g.now())
	code := codeOf(err)
	if op.Answered = isOutcome(code); op.Answered {
		op.Code = code
	}
	if code != zoo.CodeOK {
		op.Watch = 0 // one of a znode that is not there shows no zxid to begin at
	}
	g.takeDown(ctx, op)
}

// takeDown waits for the events that came before the answer. When they do not come in
// time nothing can be said of the answer's place among them: it gets a stream of its own.
func (g *guest) takeDown(ctx context.Context, op *history.Operation) {
	settled := g.client.Settle(ctx) == nil
	if !settled {
		op.Watch = 0
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if settled || !op.Answered {
		g.stream.Add(*op)
		return
	}
	g.aside().Add(*op)
}

// watcher makes one that takes its events down.
func (g *guest) watcher(path string) (history.WatchID, client.Watcher) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.lastID++
	id := g.lastID
	return id, client.NewWatcher(func(e client.Event) {
		if e.Type == zoo.EventNone {
			return
		}
		g.mu.Lock()
		defer g.mu.Unlock()
		g.stream.Fire(id, path)
	})
}

func (g *guest) call(ctx context.Context, op *history.Operation, w client.Watcher) (err error) {
	switch op.Kind {
	case history.Create:
		_, op.Stat, err = g.client.Create2(ctx, op.Path, []byte(op.Value), client.CreateOptions{})
	case history.Set:
		op.Stat, err = g.client.Set(ctx, op.Path, []byte(op.Value), op.Version)
	case history.Delete:
		err = g.client.Delete(ctx, op.Path, op.Version)
	case history.Exists:
		op.Stat, err = g.client.Exists(ctx, op.Path, w)
	default:
		var data []byte
		data, op.Stat, err = g.client.Get(ctx, op.Path, w)
		op.Value = string(data)
	}
	return err
}

// codeOf is the code of a call's error.
func codeOf(err error) zoo.Code {
	var failed *client.Error
	switch {
	case err == nil:
		return zoo.CodeOK
	case errors.As(err, &failed):
		return failed.Code
	}
	return zoo.CodeSystemError
}
