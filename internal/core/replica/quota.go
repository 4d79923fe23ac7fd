package replica

import (
	"fmt"
	"maps"
	"strings"
	"time"

	"zoo/internal/core/prep"
)

// quotaTellPause lies between two traces about quotas: a client that exceeds one
// may do so ten thousand times a second.
const quotaTellPause = time.Second

// quotaNotes is what became of writes beyond quotas.
type quotaNotes struct {
	// tellAt is when the next one may be told; untold counts those since.
	tellAt time.Duration
	untold int
	// refused counts the refusals by the first component of the path. There are no
	// more keys than quotas.
	refused map[string]uint64
}

// QuotaRefusals counts the writes that a hard quota refused here, by namespace: the
// first component of their paths. It counts where transactions are made.
func (r *Replica) QuotaRefusals() map[string]uint64 { return maps.Clone(r.quotas.refused) }

// ForgetQuotaRefusals begins to count them anew.
func (r *Replica) ForgetQuotaRefusals() { clear(r.quotas.refused) }

// noteQuota tells of what the preparer found beyond a quota.
func (r *Replica) noteQuota() {
	e, count := r.writer.prep.TakeExcess()
	if count == 0 {
		return
	}
	n := &r.quotas
	if e.Hard {
		if n.refused == nil {
			n.refused = map[string]uint64{}
		}
		n.refused[strings.Clone(namespace(e.Path))]++
	}
	if n.untold += count; r.now.Mono < n.tellAt {
		return
	}
	r.trace(Trace{Stage: "quota exceeded", Detail: quotaText(&e, n.untold)})
	n.untold, n.tellAt = 0, r.now.Mono+quotaTellPause
}

func quotaText(e *prep.Excess, count int) string {
	kind := "soft"
	if e.Hard {
		kind = "hard"
	}
	return fmt.Sprintf("%s: %s would be %d, the %s limit is %d (%d writes)",
		e.Quota, e.What, e.Value, kind, e.Limit, count)
}

// namespace is the first component of a path.
func namespace(path string) string {
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return first
}
