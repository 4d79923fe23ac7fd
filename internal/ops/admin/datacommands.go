package admin

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"zoo"
)

// The headers of streams and what they are for.
const (
	headerLastZxid     = "last_zxid"
	headerSnapshotSize = "snapshot_size"
	typeStream         = "application/octet-stream"
)

// logWaitMax bounds what a client may ask the log to wait.
const logWaitMax = 5 * time.Minute

// set sets a header whose name is in lower case, as Java's server writes it.
func set(w http.ResponseWriter, name, value string) { w.Header()[name] = []string{value} }

// snapshot sends a snapshot of this moment, or with streaming=false has the server
// write one to its own directory.
func snapshot(s *Server, w http.ResponseWriter, r *http.Request) (answer, outcome) {
	streaming := true
	if text := r.URL.Query().Get("streaming"); text != "" {
		streaming = strings.EqualFold(text, "true")
	}
	switch {
	case s.cfg.SnapshotDisabled:
		return failed(http.StatusServiceUnavailable,
			"snapshot is disabled (admin.snapshot.enabled)"), open
	case !s.snapshot.take(time.Now()):
		s.meters.snapshotsLimited.Inc()
		return failed(http.StatusTooManyRequests, fmt.Sprintf(
			"a snapshot was asked for less than %v ago", s.cfg.SnapshotInterval)), open
	case !streaming:
		return s.takeSnapshot(w, r), open
	}
	return s.stream(w, r, func() (Stream, error) { return s.data.Copy(r.Context()) })
}

func (s *Server) takeSnapshot(w http.ResponseWriter, r *http.Request) answer {
	taken, err := s.data.TakeSnapshot(r.Context())
	if err != nil {
		s.log.Error("snapshot for an operator", "error", err)
		return refused(err)
	}
	set(w, headerLastZxid, taken.Zxid.String())
	set(w, headerSnapshotSize, strconv.FormatInt(taken.Bytes, 10))
	return answer{}
}

// sendLog sends what was applied beyond a zxid.
func sendLog(s *Server, w http.ResponseWriter, r *http.Request) (answer, outcome) {
	query := r.URL.Query()
	after, err := strconv.ParseUint(strings.TrimPrefix(query.Get("after"), "0x"), 16, 63)
	if err != nil {
		return failed(http.StatusBadRequest, "after: want the zxid of the last transaction "+
			"that you have, such as 0x10000002a"), open
	}
	wait := 0.0
	if text := query.Get("wait"); text != "" {
		wait, err = strconv.ParseFloat(text, 64)
		if err != nil || !(wait >= 0 && wait <= logWaitMax.Seconds()) {
			return failed(http.StatusBadRequest, fmt.Sprintf(
				"wait: want seconds from 0 to %v", logWaitMax.Seconds())), open
		}
	}
	if wait > 0 {
		s.await(r, zoo.Zxid(after), time.Duration(wait*float64(time.Second)))
	}
	return s.stream(w, r, func() (Stream, error) {
		return s.data.Log(r.Context(), zoo.Zxid(after))
	})
}

// await waits for something beyond a zxid. It is not one of the streams meanwhile: who
// only waits must not keep a snapshot from being sent.
func (s *Server) await(r *http.Request, after zoo.Zxid, most time.Duration) {
	ctx, end := s.waits.begin(r.Context())
	defer end()
	s.data.Await(ctx, after, most)
}

// stream sends data.
func (s *Server) stream(w http.ResponseWriter, r *http.Request,
	begin func() (Stream, error)) (answer, outcome) {
	select {
	case s.streams <- struct{}{}:
		defer func() { <-s.streams }()
	default:
		return failed(http.StatusTooManyRequests, fmt.Sprintf(
			"%d streams are being sent, which is all that one server does; try again later",
			streamsMax)), open
	}
	from, err := begin()
	if err != nil {
		return refused(err), open
	}
	defer from.Close()
	set(w, headerLastZxid, from.Zxid().String())
	w.Header().Set("Content-Type", typeStream)
	if size := from.Bytes(); size >= 0 {
		set(w, headerSnapshotSize, strconv.FormatInt(size, 10))
		w.Header().Set("Content-Length", strconv.FormatInt(size, 10))
	}
	if r.Method == http.MethodHead {
		return answer{}, told
	}
	if _, err := from.WriteTo(w); err != nil {
		s.log.Error("stream for an operator", "command", r.URL.Path, "client", r.RemoteAddr,
			"error", err)
		s.meters.snapshotErrors.Inc()
		return answer{}, cut
	}
	return answer{}, told
}

// restore makes the body the history of the ensemble.
func restore(s *Server, w http.ResponseWriter, r *http.Request) (answer, outcome) {
	switch {
	case s.cfg.RestoreDisabled:
		return failed(http.StatusServiceUnavailable,
			"restore is disabled (admin.restore.enabled)"), open
	case r.ContentLength == 0:
		return failed(http.StatusBadRequest, "the body must be a snapshot"), open
	}
	select {
	case s.restoring <- struct{}{}:
		defer func() { <-s.restoring }()
	default:
		s.meters.restoresLimited.Inc()
		return failed(http.StatusTooManyRequests, "another restore is under way"), open
	}
	if !s.restore.take(time.Now()) {
		s.meters.restoresLimited.Inc()
		return failed(http.StatusTooManyRequests, fmt.Sprintf(
			"a restore was done less than %v ago (admin.rateLimiterIntervalInMS)",
			s.cfg.RestoreInterval)), open
	}
	a := s.restoreFrom(w, r)
	if a.error != "" {
		s.restore.give()
	}
	return a, open
}

func (s *Server) restoreFrom(w http.ResponseWriter, r *http.Request) answer {
	began := time.Now()
	body := s.reading(w, r)
	defer body.leave()
	s.log.Warn("restore begins", "client", r.RemoteAddr, "bytes", r.ContentLength)
	zxid, err := s.data.Restore(r.Context(), body)
	if err != nil {
		s.meters.restoreErrors.Inc()
		s.log.Error("restore failed", "client", r.RemoteAddr, "error", err)
		return refused(err)
	}
	s.meters.restoreTime.Observe(time.Since(began))
	s.log.Warn("restored", "client", r.RemoteAddr, "zxid", zxid, "took", time.Since(began))
	return answer{}.with(headerLastZxid, zxid.String())
}
