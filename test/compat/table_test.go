package compat

import (
	"flag"
	"os"
	"strings"
	"testing"

	"zoo/internal/jute"
	"zoo/internal/wire"
)

var rewrite = flag.Bool("rewrite", false, "write docs/compatibility.md from the table")

const pageFile = "../../docs/compatibility.md"

func TestThePageShowsTheTable(t *testing.T) {
	whole, err := os.ReadFile(pageFile)
	if err != nil {
		t.Fatal(err)
	}
	// What follows is written by hand.
	text, byHand, found := strings.Cut(string(whole), "\n## ")
	if *rewrite && found {
		text = page()
		if err := os.WriteFile(pageFile, []byte(text+"\n## "+byHand), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if text != page() {
		t.Errorf("%s is not what the table says: go test ./test/compat -run %s -rewrite",
			pageFile, t.Name())
	}
}

// pair is a request with the replies of two servers that agree.
func pair(body ...byte) (java, zoo message) {
	r := &request{op: wire.OpGetData, back: -1,
		payload: jute.AppendString(header(1, wire.OpGetData), "/a")}
	answer := wire.ReplyHeader{Xid: 1, Zxid: 5}
	response := wire.GetDataResponse{Data: body}
	response.Stat.Czxid, response.Stat.Mzxid, response.Stat.Ctime = 3, 4, 1000
	response.Stat.Mtime = 2000
	frame := response.AppendTo(answer.AppendTo(nil))
	return decodeReply(frame, r), decodeReply(frame, r)
}

// The plot: two servers say the same. Then one field after the other is changed on
// one side, and each of these is noticed; none of them is in the table.
func TestEveryFieldThatDiffersIsNoticed(t *testing.T) {
	java, zoo := pair('x')
	d := duel{known: newTwin(), allow: newLedger().allow}
	if c, ok := d.compareSlot(clash{watches: newWatched()}, []message{java}, []message{zoo}); !ok {
		t.Fatalf("equal messages clash: %v", &c)
	}
	for i := range java.fields {
		java, zoo := pair('x')
		zoo.fields[i].number++
		if zoo.fields[i].text != "" {
			zoo.fields[i].text += "!"
		}
		c, ok := d.compareSlot(clash{watches: newWatched()}, []message{java}, []message{zoo})
		if ok || c.name != java.fields[i].name {
			t.Errorf("%s was changed; noticed: %t, %q", java.fields[i].name, !ok, c.name)
		}
	}
}

func TestMissingMessagesAreNoticed(t *testing.T) {
	java, zoo := pair('x')
	event := message{sort: notification, fields: []field{{name: "path", text: `"/b"`}}}
	end := message{sort: barrier}
	for what, said := range map[string][2][]message{
		"an event only of java":   {{event, java, end}, {zoo, end}},
		"an event only of zoo":    {{java, end}, {zoo, event, end}},
		"a reply only of java":    {{java, end}, {end}},
		"a close only of java":    {{java, {sort: closing}}, {zoo, end}},
		"a close only of zoo":     {{java, end}, {zoo, {sort: closing}}},
		"silence only of zoo":     {{java, end}, {zoo, {sort: silence}}},
		"an end only of java":     {{java, end}, {zoo}},
		"events in another order": {{event, java}, {zoo, event}},
	} {
		d := duel{known: newTwin(), allow: newLedger().allow}
		if _, ok := d.compareSlot(clash{watches: newWatched()}, said[0], said[1]); ok {
			t.Errorf("%s is not noticed", what)
		}
	}
}

func TestZxidsStandForEachOtherInTheirOrder(t *testing.T) {
	known := newTwin()
	for _, c := range []struct {
		java, zoo int64
		want      bool
	}{
		{10, 110, true}, {12, 112, true}, {11, 111, true}, {10, 110, true},
		{10, 111, false}, {13, 112, false}, {13, 109, false}, {9, 111, false},
		{0, 0, true}, {-1, -1, true}, {0, 5, false}, {-1, 3, false}, {14, 0, false},
	} {
		if got := known.matchZxid(c.java, c.zoo); got != c.want {
			t.Errorf("%d and %d: %t", c.java, c.zoo, got)
		}
	}
	if known.recent(javaName, 1) != 11 || known.recent(zooName, 1) != 111 {
		t.Error("the zxid before the last is not the same one")
	}
}

func TestTheSameSeedGivesTheSameStream(t *testing.T) {
	stream := func(seed uint64) string {
		var b strings.Builder
		g := newGenerator(seed, slots)
		for range 200 {
			r := g.round()
			b.WriteString(r.String())
			for i := range r.requests {
				b.Write(r.requests[i].payload)
			}
		}
		return b.String()
	}
	first := stream(7)
	if again := stream(7); again != first || first == stream(8) {
		t.Error("a stream does not come from its seed")
	}
}
