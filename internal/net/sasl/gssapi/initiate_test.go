package gssapi

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"

	"zoo/internal/core/acl/principal"
	"zoo/internal/net/sasl"
)

// learner is another server with a ticket for the station.
func (s *station) learner() *initiator {
	s.now = time.Now() // the library's clock is the system's
	v := s.visitor()
	ticket := func() (p pass, err error) {
		bits := types.NewKrbFlags()
		p.ticket, p.key, err = messages.NewTicket(name("zk/two"), realm, name(service), realm,
			bits, v.keys, v.kind, v.version, s.now, s.now, s.now.Add(time.Hour), s.now)
		return p, err
	}
	return &initiator{ticket: ticket,
		user: principal.Name{Service: "zk", Host: "two", Realm: realm}}
}

// meetWith plays an exchange, whose challenges twist may change.
func (s *station) meetWith(i *initiator, twist func(round int, b []byte) []byte) (
	id string, theirs, ours error) {
	e := s.Begin()
	token, done, err := i.Step(nil)
	for round := 0; err == nil; round++ {
		challenge, accepted, refused := e.Respond(token)
		if refused != nil || accepted {
			return e.AuthorizationID(), refused, nil
		}
		if done {
			s.Fatal("the server goes on when all is said")
		}
		token, done, err = i.Step(twist(round, challenge))
	}
	return "", nil, err
}

func as(_ int, b []byte) []byte { return b }

func TestServersProveThemselvesToEachOther(t *testing.T) {
	s := begin(t)
	id, theirs, ours := s.meetWith(s.learner(), as)
	if id != "zk/two@"+realm || theirs != nil || ours != nil {
		t.Fatalf("%q, %v, %v", id, theirs, ours)
	}
}

// The plot: somebody in between changes what the service says, or answers in its place.
func TestWhoIsNotTheServiceIsLeft(t *testing.T) {
	s := begin(t)
	var before []byte
	_, _, err := s.meetWith(s.learner(), func(_ int, b []byte) []byte { before = b; return b })
	if err != nil {
		t.Fatal(err)
	}
	for title, twist := range map[string]func(round int, b []byte) []byte{
		"nothing":         func(int, []byte) []byte { return nil },
		"garbage":         func(int, []byte) []byte { return []byte("garbage") },
		"a changed proof": func(_ int, b []byte) []byte { b[len(b)-1] ^= 1; return b },
		"a changed offer": func(round int, b []byte) []byte {
			if round == 1 {
				b[wrapHeader] = 4
			}
			return b
		},
		"an older offer": func(round int, b []byte) []byte {
			if round == 1 {
				return before
			}
			return b
		},
		"our own token back": func(round int, b []byte) []byte {
			if round == 1 {
				b[2] = 0
			}
			return b
		},
	} {
		i := s.learner()
		_, _, err := s.meetWith(i, twist)
		if !errors.Is(err, sasl.ErrRefused) {
			t.Errorf("%s: %v", title, err)
		}
		if _, _, err := i.Step(nil); err == nil || !strings.Contains(err.Error(), "over") {
			t.Errorf("%s: it goes on: %v", title, err)
		}
	}
}
