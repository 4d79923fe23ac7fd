package server

import (
	"math/rand/v2"
	"sync"

	"zoo/internal/core/throttle"
	"zoo/internal/wire"
)

// AdmissionConfig says how fast handshakes are taken in
// (zookeeper.connection_throttle_*).
type AdmissionConfig struct {
	throttle.Config
	// GlobalCost, RenewalCost and LocalCost are the tokens that a new session, one
	// that comes back, and a new local session take; zero is one token.
	GlobalCost, RenewalCost, LocalCost int
}

// admission is the throttle in front of the handshakes.
type admission struct {
	cfg   AdmissionConfig
	local bool

	mu     sync.Mutex // guards bucket
	bucket *throttle.Bucket
}

// admit tells whether a handshake may go on.
func (s *Server) admit(request *wire.ConnectRequest) bool {
	a := &s.admission
	if a.cfg.Tokens == 0 {
		return true
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.bucket == nil {
		a.bucket = throttle.New(a.cfg.Config, s.mono())
	}
	s.meters.conns.tokenDeficit.Observe(int64(a.bucket.Deficit()))
	return a.bucket.Take(s.mono(), a.cost(request), rand.Float64())
}

func (a *admission) cost(request *wire.ConnectRequest) int {
	cost := a.cfg.GlobalCost
	switch {
	case request.SessionID != 0:
		cost = a.cfg.RenewalCost
	case a.local:
		cost = a.cfg.LocalCost
	}
	return max(cost, 1)
}

// dropShare is the present chance of a handshake to be refused.
func (a *admission) dropShare() float64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.bucket == nil {
		return 0
	}
	return a.bucket.DropShare()
}
