package metrics

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// keysMax bounds the keys of a keyed metric, for keys may come from clients.
const keysMax = 1024

// OthersKey is the key under which all is observed that comes when a keyed metric has
// its 1024 keys.
const OthersKey = "(others)"

// keyed is metrics of one kind that are told apart by a key. Looking up a key takes no
// lock: the map is never changed, but replaced by a larger one.
type keyed[M metric] struct {
	create func(key string) M

	mu    sync.Mutex // one adds at a time
	byKey atomic.Pointer[map[string]M]
}

func newKeyed[M metric](create func(key string) M) *keyed[M] {
	k := &keyed[M]{create: create}
	k.byKey.Store(&map[string]M{})
	return k
}

// of is the metric of a key, or that of all others if there are too many keys.
func (k *keyed[M]) of(key string) M {
	all := *k.byKey.Load()
	if m, found := all[key]; found {
		return m
	}
	if len(all) >= keysMax {
		if m, found := all[OthersKey]; found {
			return m
		}
	}
	return k.add(key)
}

func (k *keyed[M]) add(key string) M {
	k.mu.Lock()
	defer k.mu.Unlock()
	all := *k.byKey.Load()
	if _, found := all[key]; !found && len(all) >= keysMax {
		key = OthersKey
	}
	if m, found := all[key]; found {
		return m
	}
	key = strings.Clone(key)
	m := k.create(key)
	more := make(map[string]M, len(all)+1)
	maps.Copy(more, all)
	more[key] = m
	k.byKey.Store(&more)
	return m
}

func (k *keyed[M]) each(show func(Reading)) {
	all := *k.byKey.Load()
	for _, key := range slices.Sorted(maps.Keys(all)) {
		all[key].each(func(r Reading) {
			r.Key = key
			show(r)
		})
	}
}

func (k *keyed[M]) reset() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.byKey.Store(&map[string]M{})
}

// CounterSet is counters by key. A nil CounterSet counts nothing.
type CounterSet struct{ *keyed[*Counter] }

// Of is the counter of a key, that of OthersKey when there are too many keys. The key
// may be part of a buffer that changes later. It takes no lock and allocates nothing
// but for a key's first time.
func (s *CounterSet) Of(key string) *Counter {
	if s == nil {
		return nil
	}
	return s.of(key)
}

// SummarySet is summaries by key. A nil SummarySet observes nothing.
type SummarySet struct{ *keyed[*Summary] }

// Of is the summary of a key, that of OthersKey when there are too many keys. The key
// may be part of a buffer that changes later. It takes no lock and allocates nothing
// but for a key's first time. A reset lets go of the summary: it is not to be kept.
func (s *SummarySet) Of(key string) *Summary {
	if s == nil {
		return nil
	}
	return s.of(key)
}
