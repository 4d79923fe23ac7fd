package admin

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// unreadWait is how long the server waits for a body that nobody wants, after the
// answer: a client that is just sending it shall see the answer, and not a connection
// that is reset.
const unreadWait = time.Second

// movingWriter gives the client the idle timeout for each piece of an answer.
type movingWriter struct {
	http.ResponseWriter
	control *http.ResponseController
	timeout time.Duration
}

func (s *Server) moving(w http.ResponseWriter) *movingWriter {
	return &movingWriter{w, http.NewResponseController(w), s.cfg.IdleTimeout}
}

// Unwrap is for the http.ResponseController.
func (m *movingWriter) Unwrap() http.ResponseWriter { return m.ResponseWriter }

// extend begins the time for the next piece.
func (m *movingWriter) extend() error {
	return m.control.SetWriteDeadline(time.Now().Add(m.timeout))
}

// WriteHeader begins the answer.
func (m *movingWriter) WriteHeader(status int) {
	_ = m.extend() // the write fails where this does
	m.ResponseWriter.WriteHeader(status)
}

// Write writes one piece.
func (m *movingWriter) Write(p []byte) (int, error) {
	if err := m.extend(); err != nil {
		return 0, err
	}
	return m.ResponseWriter.Write(p)
}

// leaveBody has the answer not wait for the request's body, if there is one: it may
// never come. The connection ends with the answer.
func leaveBody(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength == 0 {
		return
	}
	control := http.NewResponseController(w)
	_ = control.EnableFullDuplex() // every connection of HTTP/1 can
	_ = control.SetReadDeadline(time.Now().Add(unreadWait))
	w.Header().Set("Connection", "close")
}

// movingReader gives the client the idle timeout for each piece of a body. Past its
// end the deadline goes: to let it pass would count as the client's having gone away.
type movingReader struct {
	body    io.Reader
	w       http.ResponseWriter
	control *http.ResponseController
	timeout time.Duration
	ended   bool
}

func (s *Server) reading(w http.ResponseWriter, r *http.Request) *movingReader {
	return &movingReader{body: r.Body, w: w, control: http.NewResponseController(w),
		timeout: s.cfg.IdleTimeout}
}

// Read reads one piece.
func (m *movingReader) Read(p []byte) (int, error) {
	if err := m.control.SetReadDeadline(time.Now().Add(m.timeout)); err != nil {
		return 0, err
	}
	n, err := m.body.Read(p)
	if errors.Is(err, io.EOF) {
		m.ended = true
		_ = m.control.SetReadDeadline(time.Time{})
	}
	return n, err
}

// leave ends the reading. A body that was read to its end lets the connection live,
// what is left of another is not waited for.
func (m *movingReader) leave() {
	if m.ended {
		m.w.Header().Del("Connection")
		return
	}
	_ = m.control.SetReadDeadline(time.Now().Add(unreadWait))
}
