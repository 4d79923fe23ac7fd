package traces

import (
	"encoding/hex"
	"math"
	"strings"
	"testing"

	"zoo"
)

// Servers of different versions agree on ids, so they stay what they are.
func TestTheIdsStay(t *testing.T) {
	k := KeyOf(0x100003e5a3c0000, 7)
	id := traceOf(k, zoo.MakeZxid(2, 17))
	got := hex.EncodeToString(id.bytes())
	for _, one := range []struct {
		stage  Stage
		server zoo.ServerID
	}{{Request, 1}, {Request, 2}, {Member, 2}, {Reply, 1}} {
		got += " " + hex.EncodeToString(id.span(one.stage, one.server))
	}
	const want = "ced908fadfe54a113cc97afb224ea3c9" +
		" 804084800c5e26fe 804084800c5e26fe eac1222d17b04f83 155e1b650f080ec0"
	if got != want {
		t.Errorf("ids are\n%s, want\n%s", got, want)
	}
	if names[Reply] != "reply" || stages != 11 {
		t.Error("a stage has another number than it had")
	}
}

// The plot: a million requests of some sessions, as clients number them. Of each share about
// that part is taken, and what a smaller share takes a greater one takes as well.
func TestAShareOfTheRequestsIsTaken(t *testing.T) {
	shares := []float64{0, 0.001, 0.25, 0.5, 1}
	var taken [5]int
	const sessions, xids = 100, 10_000
	for session := range sessions {
		for xid := range xids {
			k := KeyOf(0x100003e5a3c0000+zoo.SessionID(session), int32(xid))
			before := false
			for i, share := range shares {
				takes := NewSampler(share).Takes(k)
				if before && !takes {
					t.Fatalf("a share of %v does not take what a smaller one does", share)
				}
				if before = takes; takes {
					taken[i]++
				}
			}
		}
	}
	const all = sessions * xids
	for i, share := range shares {
		deviation := 5 * math.Sqrt(all*share*(1-share))
		if math.Abs(float64(taken[i])-all*share) > deviation {
			t.Errorf("a share of %v takes %d of %d", share, taken[i], all)
		}
	}
}

// What a trace stands for is told as OpenTelemetry's consistent sampling wants it.
func TestTheTraceStateTellsTheShare(t *testing.T) {
	for share, want := range map[float64]string{1: "ot=th:0", 0.5: "ot=th:8", 0.25: "ot=th:c"} {
		if got := NewSampler(share).state(); got != want {
			t.Errorf("a share of %v is %s, want %s", share, got, want)
		}
	}
}

func TestALongPathIsCutWhereItMayBe(t *testing.T) {
	for path, want := range map[string]string{
		"/a": "/a", "/\xff": "/\uFFFD",
		"/" + strings.Repeat("é", 400): "/" + strings.Repeat("é", 255),
	} {
		if got := clipped(path); got != want {
			t.Errorf("%q becomes %q", path, got)
		}
	}
}
