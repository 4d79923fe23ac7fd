package admin

import (
	"fmt"
	"net/http"
	"strconv"
)

// The page of subtrees that is shown unless a client asks for another one, and the last
// subtree that may be asked for: the server has to keep all up to there.
const (
	subtreesLimit = 20
	subtreesMax   = 1000
)

// subtree is one line of memory.
type subtree struct {
	Path        string `json:"path"`
	Znodes      int64  `json:"znodes"`
	DataBytes   int64  `json:"data_bytes"`
	MemoryBytes int64  `json:"memory_bytes"`
}

// memory tells which subtrees hold the most, the whole tree first: limit of them behind
// the first offset ones. next_offset is that of the next page, null behind the last one.
func memory(s *Server, _ http.ResponseWriter, r *http.Request) (answer, outcome) {
	limit, err := number(r, "limit", subtreesLimit, 1)
	if err != nil {
		return failed(http.StatusBadRequest, err.Error()), open
	}
	offset, err := number(r, "offset", 0, 0)
	if err != nil {
		return failed(http.StatusBadRequest, err.Error()), open
	}
	if limit+offset > subtreesMax {
		return failed(http.StatusBadRequest, fmt.Sprintf(
			"offset and limit: %d subtrees are told at most", subtreesMax)), open
	}
	// One more tells whether there is a next page.
	use := s.answers.Source.Memory(offset + limit + 1)
	page := use.Subtrees[min(offset, len(use.Subtrees)):]
	var next any
	if len(page) > limit {
		page, next = page[:limit], offset+limit
	}
	list := []subtree{}
	for _, t := range page {
		list = append(list, subtree(t))
	}
	return answer{}.with("subtrees", list).with("omitted_bytes", use.Omitted).
		with("next_offset", next), open
}

// number is that of a query, and has a least value.
func number(r *http.Request, name string, missing, least int) (int, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return missing, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > subtreesMax {
		return 0, fmt.Errorf("%s=%s: want a number from %d to %d", name, text, least, subtreesMax)
	}
	return n, nil
}
