package main

import (
	"fmt"
	"net"
	"sync/atomic"
)

// server is one server: its clients, its log, and the role that orders their writes.
type server struct {
	life    *life
	log     *countedLog
	answers *answers
	flusher *flusher
	buffers buffers
	mode    string
	role    role
}

// role takes the writes of this server's clients.
type role interface {
	// submit logs the frames, which are the caller's again when it returns, and lets the
	// answers of w go once they are committed.
	submit(frames [][]byte, w wait)
}

func newServer(life *life, log disk, valueBytes int) *server {
	return &server{life: life, log: &countedLog{disk: log}, answers: newAnswers(valueBytes),
		flusher: newFlusher(life)}
}

// lead makes it the leader of the followers at the other ends of the links.
func (s *server) lead(mode string, links ...net.Conn) {
	s.mode, s.role = mode, newLeader(s, links)
}

// follow makes it a follower.
func (s *server) follow(link net.Conn) {
	s.mode, s.role = "follower", newFollower(s, link)
}

func (s *server) submit(frames [][]byte, w wait) { s.role.submit(frames, w) }

func (s *server) accept(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			s.life.end(err)
			return
		}
		go s.serve(conn)
	}
}

// serve has one client until its end, whatever that is.
func (s *server) serve(conn net.Conn) {
	defer conn.Close()
	_ = newClient(s, conn).serve()
}

// describe answers srvr.
func (s *server) describe() string {
	return fmt.Sprintf("Mode: %s\nLog bytes: %d\nLog syncs: %d\n", s.mode,
		s.log.bytes.Load(), s.log.syncs.Load())
}

// countedLog counts what goes into a log. Whoever has the log's turn writes; all may read
// the counts.
type countedLog struct {
	disk
	bytes, syncs atomic.Int64
}

// store appends the batches and syncs them.
func (l *countedLog) store(batches ...*batch) error {
	for _, b := range batches {
		if err := l.Append(b.data); err != nil {
			return err
		}
		l.bytes.Add(int64(len(b.data)))
	}
	if err := l.Sync(); err != nil {
		return err
	}
	l.syncs.Add(1)
	return nil
}
