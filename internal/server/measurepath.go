package server

import (
	"time"

	"zoo"
	"zoo/internal/ops/metrics"
	"zoo/internal/txn"
)

// followed is one transaction on its way from the log to the tree. One is followed at a time,
// so that the others cost nothing: those behind it go the same way. It is the loop's.
type followed struct {
	zxid  zoo.Zxid // zero while none is followed
	since time.Duration
}

// logged begins with the last of some entries that the disk is now asked to log.
func (f *followed) logged(entries []txn.Entry, now time.Duration) {
	if f.zxid == 0 && len(entries) > 0 {
		*f = followed{zxid: entries[len(entries)-1].Zxid, since: now}
	}
}

// applied takes the time once the tree has the transaction. One that is not committed in its
// epoch may never be; it is left.
func (f *followed) applied(zxid zoo.Zxid, now time.Duration, into *metrics.Histogram) {
	if f.zxid == 0 || zxid < f.zxid {
		return
	}
	if zxid.Epoch() == f.zxid.Epoch() {
		into.Observe(int64(now - f.since))
	}
	*f = followed{}
}
