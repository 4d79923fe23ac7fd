package compat

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"zoo/internal/wire"
)

// duel plays rounds against both servers and compares what they say.
type duel struct {
	java, zoo *side
	known     *twin
	allow     verdict
	requests  int // requests is how many have been sent to each.
	answers   int // answers is how many replies were compared.
	// watches are those of each slot's connection.
	watches []*watched
}

func newDuel(java, zoo *side, allow verdict) *duel {
	d := &duel{java: java, zoo: zoo, known: newTwin(), allow: allow}
	for range java.links {
		d.watches = append(d.watches, newWatched())
	}
	return d
}

// disagreement is the first clash that nothing allows.
type disagreement struct {
	clash clash
	heard [2]heard // heard is all that each side said in the round.
}

// round plays one round. A nil disagreement says that all was equal or allowed.
func (d *duel) round(r *round) (*disagreement, error) {
	r = d.tamed(r)
	var got [2]heard
	var errs [2]error
	var group sync.WaitGroup
	for i, s := range d.sides() {
		group.Go(func() { got[i], errs[i] = s.play(r, d.known) })
	}
	group.Wait()
	if err := errors.Join(errs[:]...); err != nil {
		return nil, fmt.Errorf("%v: %w", r, err)
	}
	d.requests += len(r.requests)
	closed, causes := closeOf(got[1][r.slot]), causesOf(got[1][r.slot])
	for slot := range got[0] {
		c := clash{slot: slot, request: r.only(slot), closed: closed,
			stranger: r.isStranger(d.java.links, slot), watches: d.watches[slot],
			moved: d.moved(slot), causes: causes, catchesUp: slot == r.slot && r.setsWatches()}
		if c, ok := d.compareSlot(c, got[0][slot], got[1][slot]); !ok {
			return &disagreement{clash: c, heard: got}, nil
		}
	}
	d.align()
	return nil, nil
}

// tamed leaves out the closeSession of a session that has moved: whether Java comes
// to it, or ends the connection over an earlier write, is chance.
func (d *duel) tamed(r *round) *round {
	n := len(r.requests)
	if n == 0 || r.requests[n-1].op != wire.OpCloseSession || !d.moved(r.slot) ||
		r.connects(d.zoo.links[r.slot]) {
		return r
	}
	tamed := *r
	tamed.requests = r.requests[:n-1]
	return &tamed
}

func (d *duel) sides() [2]*side { return [2]*side{d.java, d.zoo} }

// logs are the ends of all servers' logs, at the moment of a finding.
func (d *duel) logs() string { return d.java.logs() + d.zoo.logs() }

// align takes a connection away from one server that the other has closed already,
// where the difference is allowed.
func (d *duel) align() {
	for i := range d.java.links {
		if (d.java.links[i].conn == nil) != (d.zoo.links[i].conn == nil) {
			d.java.links[i].drop()
			d.zoo.links[i].drop()
		}
	}
}

// compareSlot compares what two connections gave in one round.
func (d *duel) compareSlot(about clash, java, zoo []message) (clash, bool) {
	if about.swept(java, zoo) {
		return clash{}, true
	}
	for len(java) > 0 || len(zoo) > 0 {
		c := about
		if c.silenced(java, zoo) && d.allow(&c) {
			return clash{}, true
		}
		zoo = c.reorder(java, zoo)
		if len(java) > 0 && len(zoo) > 0 && alike(&java[0], &zoo[0]) {
			c.java, c.zoo = &java[0], &zoo[0]
			if c.java.request != nil {
				c.request, about.request = c.java.request, c.java.request
				c.empty = emptyOf(c.request, zoo)
				d.answers++
			}
			if unlike, ok := d.known.compareMessages(c, d.allow); !ok {
				return unlike, false
			}
			c.watches.note(c.zoo)
			java, zoo = java[1:], zoo[1:]
			continue
		}
		var ok bool
		if java, zoo, ok = d.odd(&c, java, zoo); !ok {
			return c, false
		}
	}
	return clash{}, true
}

// moved tells whether another slot has a later connection of the slot's session, at
// another server.
func (d *duel) moved(slot int) bool {
	l := d.zoo.links[slot]
	return slices.ContainsFunc(d.zoo.links, func(other *link) bool {
		return other.who.id == l.who.id && other.greeting > l.greeting &&
			other.address != l.address
	})
}

// swept tells whether another connection has closed the session of this one, which
// is older: how many events it hears before its end is chance.
func (c *clash) swept(java, zoo []message) bool {
	return c.moved && c.closed != 0 && len(java) > 0 && len(zoo) > 0 &&
		java[len(java)-1].sort == closing && zoo[len(zoo)-1].sort == closing
}

// silenced tells whether zoo has refused a write of a session that has moved, and
// Java has left it unanswered. What Java says after that is chance: it ends the
// connection when the answers that it has ready are sent.
func (c *clash) silenced(java, zoo []message) bool {
	if len(java) == 0 || len(zoo) == 0 || zoo[0].number("err") != -118 {
		return false
	}
	c.java, c.zoo = &java[len(java)-1], &zoo[0]
	return !slices.ContainsFunc(java, func(m message) bool {
		return m.sort == reply && m.number("xid") == zoo[0].number("xid")
	})
}

// emptyOf is zoo's answer to what a request with a null is compared with.
func emptyOf(r *request, zoo []message) *message {
	if !r.void || len(zoo) < 2 || zoo[1].sort != reply {
		return nil
	}
	return &zoo[1]
}

// closeOf is the zxid of the closeSession among what zoo has answered, 0 for none.
func closeOf(messages []message) int64 {
	for i := range messages {
		m := &messages[i]
		if m.sort == reply && m.request.op == wire.OpCloseSession && m.number("err") == 0 {
			return m.number("zxid")
		}
	}
	return 0
}

// reorder brings that event of a closed session to the front which java tells first:
// in which order its ephemerals go is nobody's promise.
func (c *clash) reorder(java, zoo []message) []message {
	if c.closed == 0 || len(java) == 0 || java[0].sort != notification {
		return zoo
	}
	for i := range zoo {
		if zoo[i].sort != notification || zoo[i].number("zxid") != c.closed {
			break
		}
		if alike(&java[0], &zoo[i]) {
			first := zoo[i]
			copy(zoo[1:], zoo[:i])
			zoo[0] = first
			break
		}
	}
	return zoo
}

// alike tells whether two messages are meant to be the same.
func alike(java, zoo *message) bool {
	return java.sort == zoo.sort &&
		(java.sort != notification || plain(java.text("path")) == zoo.text("path") &&
			java.number("type") == zoo.number("type"))
}

// odd asks about messages that do not belong together: that java's is one too many,
// or zoo's, or that each has its own, after which nothing can be compared.
func (d *duel) odd(c *clash, java, zoo []message) (restJava, restZoo []message, ok bool) {
	if len(java) > 0 && len(zoo) > 0 && java[0].sort != notification &&
		zoo[0].sort != notification {
		c.java, c.zoo = &java[0], &zoo[0]
		return nil, nil, d.allow(c)
	}
	if len(java) > 0 {
		if c.java = &java[0]; d.allow(c) {
			return java[1:], zoo, true
		}
	}
	if len(zoo) > 0 {
		if c.java, c.zoo = nil, &zoo[0]; d.allow(c) {
			c.watches.note(c.zoo)
			return java, zoo[1:], true
		}
	}
	if len(java) > 0 {
		c.java = &java[0]
	}
	return nil, nil, false
}
