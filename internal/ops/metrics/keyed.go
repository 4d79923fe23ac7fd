package metrics

import (
	"maps"
	"slices"
	"strings"
	"sync"
)

// keysMax bounds the keys of a keyed metric, for keys may come from clients. What
// is observed under a key beyond them is not counted.
const keysMax = 1024

// keyed is metrics of one kind that are told apart by a key.
type keyed[M metric] struct {
	create func(key string) M

	mu    sync.RWMutex // guards byKey; never held while a metric is read
	byKey map[string]M
}

func newKeyed[M metric](create func(key string) M) keyed[M] {
	return keyed[M]{create: create, byKey: make(map[string]M)}
}

// of is the metric of a key; false when there are too many keys.
func (k *keyed[M]) of(key string) (M, bool) {
	k.mu.RLock()
	m, found := k.byKey[key]
	k.mu.RUnlock()
	if found {
		return m, true
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if m, found = k.byKey[key]; found || len(k.byKey) >= keysMax {
		return m, found
	}
	key = strings.Clone(key)
	m = k.create(key)
	k.byKey[key] = m
	return m, true
}

func (k *keyed[M]) each(show func(Reading)) {
	k.mu.RLock()
	all := maps.Clone(k.byKey)
	k.mu.RUnlock()
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
	clear(k.byKey)
}

// CounterSet is counters by key. A nil CounterSet counts nothing.
type CounterSet struct{ keyed[*Counter] }

// Of is the counter of a key; nil when there are too many keys. The key may be
// part of a buffer that changes later.
func (s *CounterSet) Of(key string) *Counter {
	if s == nil {
		return nil
	}
	c, _ := s.of(key)
	return c
}

// SummarySet is summaries by key. A nil SummarySet observes nothing.
type SummarySet struct{ keyed[*Summary] }

// Of is the summary of a key; nil when there are too many keys. The key may be
// part of a buffer that changes later.
func (s *SummarySet) Of(key string) *Summary {
	if s == nil {
		return nil
	}
	m, _ := s.of(key)
	return m
}
