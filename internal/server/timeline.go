package server

import (
	"fmt"
	"sync"
	"time"

	"zoo/internal/core/replica"
	"zoo/internal/ops/command"
)

// stagesMax bounds the timeline: a server that cannot find its role goes through
// the same stages again and again.
const stagesMax = 128

// timeline is the stages of the start-up. Each lasts from the end of the one
// before it.
type timeline struct {
	mu     sync.Mutex
	stages []command.Stage
	last   time.Duration
	over   bool
}

// end notes the end of a stage and returns how long it took.
func (t *timeline) end(name string, now time.Duration, detail string) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	took := now - t.last
	if !t.over && len(t.stages) < stagesMax {
		t.stages = append(t.stages,
			command.Stage{Name: name, Start: t.last, Duration: took, Detail: detail})
	}
	t.last = now
	return took
}

// finish ends the timeline: the server serves.
func (t *timeline) finish() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.over = true
}

func (t *timeline) list() []command.Stage {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]command.Stage(nil), t.stages...)
}

// stage logs the end of a stage.
func (s *Server) stage(name, detail string) {
	took := s.timeline.end(name, s.mono(), detail)
	s.log.Info("stage", "stage", name, "duration", took, "detail", detail)
}

// tellStage logs the end of a stage that the replica has told.
func (s *Server) tellStage(n *replica.Trace) {
	took := s.timeline.end(n.Stage, s.mono(), traceDetail(n))
	s.log.Info("stage", append([]any{"stage", n.Stage, "duration", took}, traceAttrs(n)...)...)
}

// restart begins the first stage of another way to a role.
func (t *timeline) restart(now time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = now
}

// trace logs what the replica tells about itself. While it is on its way to a
// role, these are stages; what it tells while it serves takes no time.
func (l *loop) trace(notes []replica.Trace) {
	for i := range notes {
		n := &notes[i]
		l.measureStage(n)
		switch {
		case n.Stage == stageSpaceLow || n.Stage == stageSilent ||
			n.Stage == stageNotReached || n.Stage == stageAside:
			l.server.log.Warn(n.Stage, traceAttrs(n)...)
		case n.Stage == stageLooking && l.status.Serving:
			l.server.timeline.restart(l.server.mono())
			l.server.log.Info("role ended", traceAttrs(n)...)
		case l.status.Serving:
			l.server.log.Info("note", append([]any{"note", n.Stage}, traceAttrs(n)...)...)
		default:
			l.server.tellStage(n)
		}
	}
}

// stageLooking is the first stage of every way to a role.
const stageLooking = "looking"

// stageSpaceLow and stageSilent are for whoever looks after the disks.
const (
	stageSpaceLow = "disk space low"
	stageSilent   = "disk is silent"
)

// stageNotReached and stageAside are for whoever looks after the network.
const (
	stageNotReached = "leader not reached"
	stageAside      = "stepping aside"
)

// traceAttrs are the facts of a trace that are there.
func traceAttrs(t *replica.Trace) []any {
	var attrs []any
	if t.Peer != 0 {
		attrs = append(attrs, "peer", int64(t.Peer))
	}
	if t.Zxid != 0 {
		attrs = append(attrs, "zxid", t.Zxid)
	}
	if t.Epoch != 0 {
		attrs = append(attrs, "epoch", int64(t.Epoch))
	}
	if t.Detail != "" {
		attrs = append(attrs, "detail", t.Detail)
	}
	return attrs
}

// traceDetail is the same as one text, for the timeline.
func traceDetail(t *replica.Trace) string {
	detail := t.Detail
	if t.Peer != 0 {
		detail += fmt.Sprintf(" peer %d", t.Peer)
	}
	if t.Zxid != 0 {
		detail += fmt.Sprintf(" zxid %v", t.Zxid)
	}
	if t.Epoch != 0 {
		detail += fmt.Sprintf(" epoch %d", t.Epoch)
	}
	if detail != "" && detail[0] == ' ' {
		detail = detail[1:]
	}
	return detail
}
