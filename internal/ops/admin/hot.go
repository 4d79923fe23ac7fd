package admin

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"zoo/internal/ops/sketch"
)

// depthMax bounds the depth at which subtrees are asked for by their size.
const depthMax = 100

type rateLine struct {
	Path   string  `json:"path"`
	Reads  float64 `json:"reads_per_second"`
	Writes float64 `json:"writes_per_second"`
	Missed float64 `json:"missed_per_second"`
}

// rateLeast is the least rate that is shown, in a second: an hour or two after the last
// request of a path nothing is left of it but its place.
const rateLeast = 1e-6

// by gives the figure that is asked for.
func (q *query) by(missing Figure, known ...Figure) Figure {
	by := Figure(cmp.Or(q.text("by"), string(missing)))
	if !slices.Contains(known, by) {
		q.err = cmp.Or(q.err, fmt.Errorf("by: want one of %s",
			strings.Trim(fmt.Sprint(known), "[]")))
	}
	return by
}

func (q *query) number(name string, missing, least, most int) int {
	n, err := number(q.request, name, missing, least)
	if err == nil && n > most {
		err = fmt.Errorf("%s=%d: want a number from %d to %d", name, n, least, most)
	}
	q.err = cmp.Or(q.err, err)
	return n
}

// page gives the limit and the offset that are asked for.
func (q *query) page() (limit, offset int) {
	limit, offset = q.limit(), q.number("offset", 0, 0, subtreesMax)
	if limit+offset > subtreesMax {
		q.err = cmp.Or(q.err, fmt.Errorf("offset and limit: %d lines are told at most",
			subtreesMax))
	}
	return limit, offset
}

// pageOf cuts a page out of a list that may have one more than the page, and gives the
// offset of the next one: null behind the last.
func pageOf[T any](list []T, limit, offset int) (page []T, next any) {
	page = list[min(offset, len(list)):]
	if len(page) > limit && offset+limit < subtreesMax {
		next = offset + limit
	}
	return page[:min(limit, len(page))], next
}

// topPaths tells which paths are asked for the most of late.
func topPaths(s *Server, _ http.ResponseWriter, r *http.Request) (answer, outcome) {
	q := query{request: r}
	by := q.by(ByRequests, ByRequests, ByReads, ByWrites)
	limit, offset := q.page()
	if q.err != nil {
		return failed(http.StatusBadRequest, q.err.Error()), open
	}
	return rates("paths", s.data.Rates(0), by, limit, offset), open
}

// rates shows the busiest of what was counted.
func rates(name string, of sketch.Rates, by Figure, limit, offset int) answer {
	lines := []rateLine{}
	figure := func(l *rateLine) float64 {
		switch by {
		case ByReads:
			return l.Reads
		case ByWrites:
			return l.Writes
		}
		return l.Reads + l.Writes
	}
	for _, l := range of.Lines {
		if line := rateLine(l); figure(&line) >= rateLeast {
			lines = append(lines, line)
		}
	}
	slices.SortFunc(lines, func(a, b rateLine) int {
		return cmp.Or(cmp.Compare(figure(&b), figure(&a)), cmp.Compare(a.Path, b.Path))
	})
	page, next := pageOf(lines, limit, offset)
	return answer{}.with(name, page).with("reads_per_second", of.Reads).
		with("writes_per_second", of.Writes).with("sampled_one_of", of.Period).
		with("next_offset", next)
}

// topSubtrees tells which subtrees of a depth are the largest, or are asked for the most.
func topSubtrees(s *Server, _ http.ResponseWriter, r *http.Request) (answer, outcome) {
	q := query{request: r}
	by := q.by(ByMemory, ByMemory, ByData, ByZnodes, ByRequests, ByReads, ByWrites)
	bySize := by == ByMemory || by == ByData || by == ByZnodes
	depth := 1
	if bySize {
		depth = q.number("depth", 1, 0, depthMax)
	} else {
		depth = q.number("depth", 1, 1, sketch.Depths)
	}
	limit, offset := q.page()
	if q.err != nil {
		return failed(http.StatusBadRequest, q.err.Error()), open
	}
	if !bySize {
		return rates("subtrees", s.data.Rates(depth), by, limit, offset), open
	}
	// One more tells whether there is a next page.
	use := s.data.LargestSubtrees(by, depth, offset+limit+1)
	page, next := pageOf(use.Subtrees, limit, offset)
	lines := []subtree{}
	for _, t := range page {
		lines = append(lines, subtree(t))
	}
	return answer{}.with("subtrees", lines).with("omitted", use.Omitted).
		with("next_offset", next), open
}
