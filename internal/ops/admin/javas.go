package admin

import (
	"encoding/json"
	"math"
	"net/http"
	"strconv"

	"zoo"
	"zoo/internal/ops/metrics"
)

// Commands of ZooKeeper's that tell what a four-letter word tells, under its names. They give
// all at once; find.go has what can be asked for in pages.

// monitor gives the figures of mntr.
func monitor(s *Server, _ http.ResponseWriter, _ *http.Request) (answer, outcome) {
	a := answer{}
	s.answers.Figures(func(name string, value any) {
		if n, ok := value.(metrics.Number); ok {
			value = figure(n)
		}
		a = a.with(name, value)
	})
	s.answers.Metrics.Each(func(name string, v metrics.Value) {
		a = a.with(name, figure(v.Number))
	})
	return a, open
}

// figure is a number, or a text for what JSON has no number for.
func figure(n metrics.Number) any {
	if f := n.Float(); math.IsNaN(f) || math.IsInf(f, 0) {
		return n.String()
	}
	return json.Number(n.String())
}

func environment(s *Server, _ http.ResponseWriter, _ *http.Request) (answer, outcome) {
	a := answer{}
	for _, e := range s.answers.Environment() {
		a = a.with(e.Key, e.Value)
	}
	return a, open
}

func directories(s *Server, _ http.ResponseWriter, _ *http.Request) (answer, outcome) {
	a := answer{}
	for _, size := range s.answers.Directories() {
		a = a.with(size.Key, json.Number(size.Value))
	}
	return a, open
}

// dump gives when sessions expire, if they are tracked here, and what they own.
func dump(s *Server, _ http.ResponseWriter, _ *http.Request) (answer, outcome) {
	all := s.answers.Source.Sessions()
	expiries, owned := map[string][]int64{}, map[string][]string{}
	for _, bucket := range all.Buckets {
		at := strconv.FormatInt(bucket.Expires.UnixMilli(), 10)
		for _, id := range bucket.Sessions {
			expiries[at] = append(expiries[at], int64(id))
		}
	}
	for _, e := range all.Ephemerals {
		owned[decimal(e.Session)] = e.Paths
	}
	return answer{}.with("expiry_time_to_session_ids", expiries).
		with("session_id_to_ephemeral_paths", owned), open
}

// decimal is an id as a key of JSON, where ZooKeeper has a number.
func decimal(id zoo.SessionID) string { return strconv.FormatInt(int64(id), 10) }

func watches(s *Server, _ http.ResponseWriter, _ *http.Request) (answer, outcome) {
	paths := map[string][]string{}
	for _, w := range s.answers.Source.DataWatches() {
		paths[decimal(w.Session)] = append(paths[decimal(w.Session)], w.Path)
	}
	return answer{}.with("session_id_to_watched_paths", paths), open
}

func watchesByPath(s *Server, _ http.ResponseWriter, _ *http.Request) (answer, outcome) {
	sessions := map[string][]int64{}
	for _, w := range s.answers.Source.DataWatches() {
		sessions[w.Path] = append(sessions[w.Path], int64(w.Session))
	}
	return answer{}.with("path_to_session_ids", sessions), open
}
