package replica

import (
	"fmt"
	"testing"
	"time"

	"zoo"
	"zoo/internal/core/tree"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

// limited makes a tree in which /app may have nothing below it.
func limited(t *testing.T) *tree.Tree {
	tr := tree.New()
	for i, node := range [][2]string{{"/app", ""}, {"/zookeeper/quota/app", ""},
		{"/zookeeper/quota/app/zookeeper_limits", "count=-1,bytes=-1=;countHardLimit=1"},
		{"/zookeeper/quota/app/zookeeper_stats", ""}} {
		header := txn.Header{Zxid: zoo.Zxid(i + 1), Type: wire.OpCreate}
		record := txn.CreateTxn{Path: node[0], Data: []byte(node[1])}
		if _, err := tr.Apply(txn.NewEntry(header, &record, nil)); err != nil {
			t.Fatal(err)
		}
	}
	return tr
}

// The plot: a client exceeds its quota a thousand times within three seconds.
func TestExceededQuotasAreCountedAndToldOnceInASecond(t *testing.T) {
	r := New(Config{EnforceQuota: true}, Recovered{Tree: limited(t)})
	r.writer.tracker.Add(7, 10_000, 0)
	r.writer.tracker.SetOwner(7, ownerSelf)
	var told []string
	for i := range 1000 {
		r.now.Mono = time.Duration(i) * 3 * time.Millisecond
		body := wire.CreateRequest{Path: fmt.Sprintf("/app/%d", i), ACL: zoo.OpenACL()}
		r.propose(Request{Session: 7, Op: wire.OpCreate, Body: body.AppendTo(nil)}, ownerSelf)
		for _, note := range r.Drain().Trace {
			if note.Stage == "quota exceeded" {
				told = append(told, note.Detail)
			}
		}
	}
	const second = "/app: count would be 2, the hard limit is 1 (334 writes)"
	if len(told) != 3 || told[1] != second {
		t.Errorf("told %q", told)
	}
	if refused := r.QuotaRefusals(); len(refused) != 1 || refused["app"] != 1000 {
		t.Errorf("refused %v", refused)
	}
}
