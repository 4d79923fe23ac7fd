package history

import (
	"fmt"
	"testing"
	"time"

	"zoo"
)

const patience = 10 * time.Second

// at is an instant of a story, in ms.
func at(ms int) time.Duration { return time.Duration(ms) * time.Millisecond }

// done completes an operation that took from call to the instant after it.
func done(call int, z zoo.Zxid, op Operation) Operation {
	op.Call, op.Return, op.Answered, op.Zxid = at(call), at(call+1), true, z
	if op.Code == zoo.CodeOK && (op.Kind == Create || op.Kind == Set) {
		op.Stat.Mzxid = z
	}
	if op.Kind == Set && op.Code == zoo.CodeOK && op.Version != AnyVersion {
		op.Stat.Version = op.Version + 1
	}
	return op
}

// seen is a read of /a that gave a state.
func seen(call int, z, mzxid zoo.Zxid, version int32, value string) Operation {
	return done(call, z, Operation{Kind: Read, Path: "/a", Value: value,
		Stat: zoo.Stat{Mzxid: mzxid, Version: version}})
}

func create(value string) Operation { return Operation{Kind: Create, Path: "/a", Value: value} }

func set(version int32, value string) Operation {
	return Operation{Kind: Set, Path: "/a", Version: version, Value: value}
}

// stream is a session that went through these things; an int is a watch that fired.
func stream(name string, things ...any) *Stream {
	s := &Stream{Name: name}
	for _, thing := range things {
		switch thing := thing.(type) {
		case Operation:
			s.Add(thing)
		case int:
			s.Fire(WatchID(thing), "/a")
		}
	}
	return s
}

func with(op Operation, change func(*Operation)) Operation {
	change(&op)
	return op
}

func watched(op Operation) Operation { return with(op, func(o *Operation) { o.Watch = 1 }) }

// fresh is a read behind a sync that was sent at the same instant.
func fresh(op Operation) Operation {
	return with(op, func(o *Operation) { o.Fresh, o.Since = true, o.Call })
}

func refused(op Operation, code zoo.Code) Operation {
	return with(op, func(o *Operation) { o.Code = code })
}

func unanswered(call int, op Operation) Operation {
	op.Call, op.Return = at(call), at(call+1000)
	return op
}

// gone deletes /a, and none reads that it is not there.
var (
	gone = Operation{Kind: Delete, Path: "/a", Version: AnyVersion}
	none = refused(Operation{Kind: Read, Path: "/a"}, zoo.CodeNoNode)
)

// wrongPlots are wrong in one way each, and that way is named.
var wrongPlots = map[string]struct {
	broken  string
	streams []*Stream
}{
	"a lost acknowledged write": {promiseLinear, []*Stream{
		stream("w", done(0, 1, create("x")), done(10, 2, set(0, "y"))),
		stream("r", fresh(seen(20, 3, 1, 0, "x")))}},
	"two that won one comparison": {promiseLinear, []*Stream{
		stream("w", done(0, 1, create("x")), done(10, 2, set(0, "y"))),
		stream("v", done(10, 3, set(0, "z")))}},
	"two that created one znode": {promiseLinear, []*Stream{
		stream("w", done(0, 1, create("x"))), stream("v", done(0, 2, create("y")))}},
	"a refusal without a reason": {promiseLinear, []*Stream{
		stream("w", done(0, 1, create("x")),
			done(10, 2, refused(set(0, "y"), zoo.CodeBadVersion)))}},
	"a znode that came back": {promiseLinear, []*Stream{
		stream("w", done(0, 1, create("x")), done(10, 2, gone)),
		stream("r", fresh(seen(20, 3, 1, 0, "x")))}},
	"a later write with a lower zxid": {promiseOrder, []*Stream{
		stream("w", done(0, 5, create("x"))),
		stream("v", done(10, 4, Operation{Kind: Create, Path: "/b", Value: "y"}))}},
	"one zxid for two writes": {promiseOne, []*Stream{
		stream("w", done(0, 5, create("x"))),
		stream("v", done(0, 5, Operation{Kind: Create, Path: "/b", Value: "y"}))}},
	"servers that differ": {promiseOne, []*Stream{
		stream("r", seen(0, 9, 5, 0, "x")), stream("q", seen(0, 9, 5, 0, "y"))}},
	"a session in the past of its last server": {promiseForward, []*Stream{
		stream("r", seen(0, 9, 5, 0, "x"), seen(10, 8, 5, 0, "x"))}},
	"a read without one's own write": {promiseState, []*Stream{
		stream("w", done(0, 5, create("x")), done(10, 6, set(0, "y")),
			seen(20, 6, 5, 0, "x"))}},
	"a read of one znode behind a read of another": {promiseState, []*Stream{
		stream("w", done(0, 5, create("x")), done(10, 6, set(0, "y"))),
		stream("r", done(20, 0, Operation{Kind: Read, Path: "/b",
			Stat: zoo.Stat{Mzxid: 7}}), seen(30, 0, 5, 0, "x"))}},
	"a read from the future": {promiseState, []*Stream{
		stream("r", seen(0, 4, 5, 0, "x"))}},
	"a znode that is missing": {promiseState, []*Stream{
		stream("w", done(0, 5, create("x"))),
		stream("r", done(10, 6, none))}},
	"an event behind the change": {promiseEarly, []*Stream{
		stream("w", done(0, 5, create("x")), done(20, 6, set(0, "y"))),
		stream("r", watched(seen(10, 5, 5, 0, "x")), seen(30, 6, 6, 1, "y"), 1)}},
	"an event behind what came after the change": {promiseEarly, []*Stream{
		stream("w", done(0, 5, create("x")), done(20, 6, set(0, "y"))),
		stream("r", watched(seen(10, 5, 5, 0, "x")),
			done(30, 7, Operation{Kind: Sync, Path: "/"}), 1)}},
	"a watch of what is not there, forgotten": {promiseEarly, []*Stream{
		stream("w", done(20, 6, create("x"))),
		stream("r", watched(done(10, 5, none)), seen(30, 6, 6, 0, "x"))}},
	"a watch that a change between two connections is hidden from": {promiseEarly, []*Stream{
		stream("w", done(0, 5, create("x")), done(20, 6, set(0, "y"))),
		stream("r", watched(seen(10, 5, 5, 0, "x")),
			done(30, 6, Operation{Kind: Rearm, Path: "/"}), seen(40, 6, 6, 1, "y"), 1)}},
	"a znode that exists without its last change": {promiseState, []*Stream{
		stream("w", done(0, 5, create("x")), done(10, 6, set(0, "y"))),
		stream("r", done(20, 6, Operation{Kind: Exists, Path: "/a",
			Stat: zoo.Stat{Mzxid: 5}}))}},
	"a watch that fires twice": {promiseOnce, []*Stream{
		stream("r", watched(seen(0, 5, 5, 0, "x")), 1, 1)}},
	"an event for nobody": {promiseAsked, []*Stream{stream("r", 0)}},
}

func TestAPlantedWrongHistoryIsRejected(t *testing.T) {
	for name, plot := range wrongPlots {
		t.Run(name, func(t *testing.T) {
			broken := map[string]bool{}
			for _, v := range Check(plot.streams, patience) {
				broken[v.Promise] = true
			}
			if !broken[plot.broken] {
				t.Errorf("%q was not found broken, only %v", plot.broken, broken)
			}
		})
	}
}

// rightPlots are what a partition leaves behind: writes without an answer that happened, did
// not, or happen late; a follower that is behind; a client that does not show headers.
var rightPlots = map[string][]*Stream{
	"a write without an answer that happened": {
		stream("w", done(0, 5, create("x")), unanswered(10, set(0, "y"))),
		stream("r", fresh(seen(2000, 6, 6, 1, "y")))},
	"one that did not": {
		stream("w", done(0, 5, create("x")), unanswered(10, set(0, "y"))),
		stream("r", fresh(seen(2000, 6, 5, 0, "x")))},
	"one that happened late": {
		stream("w", done(0, 5, create("x")), unanswered(10, set(AnyVersion, "y"))),
		stream("v", done(2000, 6, set(0, "z"))),
		stream("r", fresh(seen(3000, 8, 7, 2, "y")))},
	"a write that came between a sync and the read behind it": {
		stream("w", done(0, 5, create("x")), done(20, 6, set(0, "y"))),
		stream("r", with(fresh(seen(30, 6, 5, 0, "x")), func(o *Operation) {
			o.Since, o.Zxid = at(10), 5
		}))},
	"a znode that came and went between two connections": {
		stream("w", done(20, 6, create("x")), done(22, 7, gone)),
		stream("r", watched(done(10, 5, none)), done(30, 7, Operation{Kind: Rearm, Path: "/"}),
			done(40, 7, none))},
	"a deletion without an answer": {
		stream("w", done(0, 5, create("x")),
			unanswered(10, Operation{Kind: Delete, Path: "/a", Version: AnyVersion})),
		stream("r", seen(20, 5, 5, 0, "x"),
			done(30, 6, none))},
	"a znode that is gone for a client that does not show how far it has seen": {
		stream("w", done(0, 5, create("x")), done(10, 6, gone)),
		stream("r", seen(20, 0, 5, 0, "x"), done(30, 0, none))},
	"a follower that is behind": {
		stream("w", done(0, 5, create("x")), done(10, 6, set(0, "y"))),
		stream("r", seen(1000, 5, 5, 0, "x"), seen(1010, 6, 6, 1, "y"))},
	"an event in time, and a second watch": {
		stream("w", done(0, 5, create("x")), done(20, 6, set(0, "y")),
			done(40, 7, set(1, "z"))),
		stream("r", watched(seen(10, 5, 5, 0, "x")), 1,
			with(seen(30, 6, 6, 1, "y"), func(o *Operation) { o.Watch = 2 }), 2,
			seen(50, 7, 7, 2, "z"))},
	"an event before the watch was taken down": {
		stream("w", done(0, 5, create("x")), done(20, 6, set(0, "y"))),
		stream("r", 1, watched(seen(10, 0, 5, 0, "x")), seen(30, 0, 6, 1, "y"))},
	"refusals with their reasons": {
		stream("w", done(0, 5, create("x")), done(10, 6, refused(create("y"),
			zoo.CodeNodeExists)), done(20, 7, refused(set(3, "z"), zoo.CodeBadVersion)),
			done(30, 8, refused(Operation{Kind: Set, Path: "/b"}, zoo.CodeNoNode)))},
}

func TestARightHistoryIsAccepted(t *testing.T) {
	for name, streams := range rightPlots {
		t.Run(name, func(t *testing.T) {
			for _, v := range Check(streams, patience) {
				t.Error(v)
			}
		})
	}
}

// A search that does not end in time is told of, not passed.
func TestAnUndecidedHistoryIsNoRightOne(t *testing.T) {
	s := &Stream{Name: "w"}
	for i := range 40 {
		s.Add(unanswered(0, Operation{Kind: Set, Path: "/a", Version: int32(i % 5),
			Value: fmt.Sprint(i)}))
	}
	s.Add(done(0, 1, create("x")))
	s.Add(fresh(seen(2000, 90, 80, 3, "never written")))
	found := Check([]*Stream{s}, time.Millisecond)
	if len(found) != 1 || found[0].Promise != promiseDecided {
		t.Errorf("found %v", found)
	}
}
