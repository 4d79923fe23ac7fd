package migrate

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"zoo"
)

// ErrState is what an unreadable state is.
var ErrState = errors.New("state of a migration")

// formatNow is the version of the state's format that is written and read.
const formatNow = 1

// State is a migration between two commands. It holds no secret.
type State struct {
	Format   int      `json:"format"`
	Commands Commands `json:"commands"`
	Servers  []Server `json:"servers"`
	// Steps are in order, those that were verified first; Verified counts them.
	Steps    []Step `json:"steps"`
	Verified int    `json:"verified"`
	// Last is what was seen when the last step was verified, or the plan was made.
	Last Record `json:"last"`

	// halfway is a server that Turn found down in the middle of a step; 0 is none.
	halfway zoo.ServerID
}

// Server is a member as the state keeps it.
type Server struct {
	ID zoo.ServerID `json:"id"`
	// Config is the file that was read here, There its name on the server's host.
	Config   string   `json:"config"`
	There    string   `json:"there"`
	DataDir  string   `json:"data_dir"`
	Address  string   `json:"address"`
	Secure   bool     `json:"secure,omitempty"`
	Observer bool     `json:"observer,omitempty"`
	Flags    []string `json:"flags"`
	// First is whose it was when the migration began.
	First Kind `json:"first"`
}

// Name is what findings call the server.
func (s *Server) Name() string { return strconv.FormatInt(int64(s.ID), 10) }

// Step is one server that becomes another kind of server.
type Step struct {
	Server zoo.ServerID `json:"server"`
	To     Kind         `json:"to"`
	// Role is what it was when the plan was made; empty if nobody knew.
	Role string `json:"role,omitempty"`
	// Outage means that there is no quorum while the step is done.
	Outage bool `json:"outage,omitempty"`
}

// Record is what the next verification compares with.
type Record struct {
	Time time.Time `json:"time"`
	// Sessions are the ensemble's, in hexadecimal; nil if nobody told.
	Sessions []string `json:"sessions"`
	// Owners tells that the list has those with ephemeral znodes only.
	Owners bool `json:"owners_only,omitempty"`
	// Expired counts by server what its process let expire.
	Expired map[string]int64 `json:"expired"`
	Zxid    string           `json:"zxid,omitempty"`
	Znodes  int              `json:"znodes,omitempty"`
}

// Encode writes the state for a file.
func (s *State) Encode() ([]byte, error) {
	text, err := json.MarshalIndent(s, "", "  ")
	return append(text, '\n'), err
}

// Decode reads a state, and refuses one that does not make sense.
func Decode(text []byte) (*State, error) {
	s := &State{}
	if err := json.Unmarshal(text, s); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrState, err)
	}
	if s.Format != formatNow {
		return nil, fmt.Errorf("%w: format %d, this program reads %d; was it written by `zoo "+
			"migrate plan`?", ErrState, s.Format, formatNow)
	}
	if s.Verified < 0 || s.Verified > len(s.Steps) {
		return nil, fmt.Errorf("%w: %d of %d steps are verified", ErrState, s.Verified,
			len(s.Steps))
	}
	for i := range s.Servers {
		if first := s.Servers[i].First; first != Java && first != Zoo {
			return nil, fmt.Errorf("%w: server %d is of kind %q", ErrState, s.Servers[i].ID, first)
		}
	}
	for i, step := range s.Steps {
		if s.server(step.Server) == nil || step.To != Java && step.To != Zoo {
			return nil, fmt.Errorf("%w: step %d is of server %d to %q, which is not known",
				ErrState, i+1, step.Server, step.To)
		}
	}
	return s, nil
}

func (s *State) server(id zoo.ServerID) *Server {
	for i := range s.Servers {
		if s.Servers[i].ID == id {
			return &s.Servers[i]
		}
	}
	return nil
}

// Kinds is whose each server is after so many steps.
func (s *State) Kinds(steps int) map[zoo.ServerID]Kind {
	kinds := map[zoo.ServerID]Kind{}
	for i := range s.Servers {
		kinds[s.Servers[i].ID] = s.Servers[i].First
	}
	for _, step := range s.Steps[:steps] {
		kinds[step.Server] = step.To
	}
	return kinds
}

// StepOf is the step that what is seen belongs to, when the operator does not say: the
// last verified one if everything is still as it was then, and otherwise the next.
func (s *State) StepOf(seen []Seen) int {
	kinds := s.Kinds(s.Verified)
	other := func(now Seen) bool { return now.Error != "" || now.Kind != kinds[now.ID] }
	if s.Verified == len(s.Steps) || !slices.ContainsFunc(seen, other) {
		return s.Verified
	}
	return s.Verified + 1
}
