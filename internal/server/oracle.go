package server

import (
	"io"
	"time"

	"zoo/internal/core/replica"
)

// oraclePauseMax bounds the time between two looks at the oracle's file.
const oraclePauseMax = time.Second

// watchOracle tells the replica what the oracle's file says until the server closes. It is
// told each time: a replica that recovers anew knows nothing.
func (s *Server) watchOracle() {
	s.log.Warn("an oracle may let one of two voters decide alone: what that one has "+
		"acknowledged is lost if the oracle grants the other one before it has caught up",
		"oraclePath", s.cfg.OraclePath)
	heard := true
	for open := true; open; open = s.pause(min(s.cfg.TickTime/2, oraclePauseMax)) {
		grants, err := s.askOracle()
		if heard != (err == nil) && err != nil {
			s.log.Warn("the oracle says nothing, which counts as no", "error", err)
		}
		heard = err == nil
		s.queue.push(replica.OracleSpoke{Grants: grants})
	}
}

// askOracle reads the oracle's file: it grants if its first character is 1.
func (s *Server) askOracle() (grants bool, err error) {
	f, err := s.cfg.Store.FS.Open(s.cfg.OraclePath)
	if err != nil {
		return false, err
	}
	defer f.Close()
	var first [1]byte
	if _, err := io.ReadFull(f, first[:]); err != nil {
		return false, err
	}
	return first[0] == '1', nil
}
