package backup

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"zoo"
)

// Point is a moment of a history; the zero value is the latest that there is.
type Point struct {
	// Given tells a point that was asked for from the latest, even if it is of no
	// transaction that there can be.
	Given bool
	// Zxid is the last transaction wanted; 0 means that Time decides.
	Zxid zoo.Zxid
	// Time ends the history before the first transaction that is later.
	Time time.Time
}

// String names the point in messages.
func (p Point) String() string {
	switch {
	case p.Zxid != 0:
		return p.Zxid.String()
	case !p.Time.IsZero():
		return p.Time.Format(time.RFC3339Nano)
	case p.Given:
		return "what was before the first transaction"
	}
	return "the latest point"
}

// chain is a base and the segments that continue it without a gap.
type chain struct {
	base     Base
	segments []Segment
}

// chain finds the segments that continue a base. A segment begins within the history
// before it, or right at its end, and only segments of that history can.
func (c Catalog) chain(base Base) chain {
	found := chain{base: base}
	for {
		next := -1
		end := Hex(found.end())
		for i, s := range c.Segments {
			if s.After <= end && s.Last > end && (next < 0 || s.Last > c.Segments[next].Last) {
				next = i
			}
		}
		if next < 0 {
			return found
		}
		found.segments = append(found.segments, c.Segments[next])
	}
}

// end is the last transaction that the chain reaches.
func (c chain) end() zoo.Zxid {
	if n := len(c.segments); n > 0 {
		return zoo.Zxid(c.segments[n-1].Last)
	}
	return zoo.Zxid(c.base.Zxid)
}

// Range is a part of a history in which a restore can go to every transaction.
type Range struct {
	First Hex `json:"first"`
	Last  Hex `json:"last"`
	// From and Until are the times of the range; Until is zero if nobody has looked.
	From  time.Time `json:"from"`
	Until time.Time `json:"until"`
	Bases int       `json:"bases"`
}

// String writes the range for people.
func (r Range) String() string {
	return fmt.Sprintf("%v to %v (%s to %s)", zoo.Zxid(r.First), zoo.Zxid(r.Last),
		r.From.Format(time.RFC3339), r.Until.Format(time.RFC3339))
}

// Ranges are the parts of the history that can be restored, oldest first.
func (c Catalog) Ranges() []Range {
	ranges := []Range{}
	for _, b := range c.Bases {
		found := c.chain(b)
		r := Range{First: b.ConsistentFrom, Last: max(Hex(found.end()), b.ConsistentFrom),
			From: b.moment(), Until: c.until(found), Bases: 1}
		if n := len(ranges); n > 0 && r.First <= ranges[n-1].Last && r.Last >= ranges[n-1].Last {
			ranges[n-1].Last, ranges[n-1].Until = r.Last, r.Until
			ranges[n-1].Bases++
			continue
		}
		ranges = append(ranges, r)
	}
	return ranges
}

// until is up to when a chain is known to have everything.
func (c Catalog) until(found chain) time.Time {
	until := found.base.moment()
	for _, s := range found.segments {
		if s.LatestTime.After(until) {
			until = s.LatestTime
		}
	}
	if zoo.Zxid(c.Head.Zxid) == found.end() && c.Head.Through.After(until) {
		until = c.Head.Through
	}
	return until
}

// Plan is how to rebuild the tree of a point.
type Plan struct {
	Base     Base
	Segments []Segment
	// Stop is the last transaction to be applied, StopAfter the time after which the
	// first one ends the replay; either may be zero.
	Stop      zoo.Zxid
	StopAfter time.Time
	// Epoch is one that no transaction of the repository has.
	Epoch zoo.Epoch
	Notes []string
}

// ErrUnreachable means that a repository cannot rebuild the tree of a point.
var ErrUnreachable = errors.New("not in the repository")

// Plan chooses the newest base before a point, and the segments from there.
func (c Catalog) Plan(to Point) (Plan, error) {
	if to.Given && to.Zxid == 0 && to.Time.IsZero() {
		return Plan{}, c.unreachable(to)
	}
	plan := Plan{Stop: to.Zxid, StopAfter: to.Time, Epoch: c.epoch() + 1}
	for _, b := range slices.Backward(c.Bases) {
		found := c.chain(b)
		if !c.before(b, found, to) {
			continue
		}
		if !c.reaches(found, to) {
			break
		}
		plan.Base, plan.Segments = b, found.segments
		plan.trim()
		if to == (Point{}) && found.end() < zoo.Zxid(b.ConsistentFrom) {
			plan.Notes = append(plan.Notes, fuzzyNote(b))
		}
		return plan, nil
	}
	return Plan{}, c.unreachable(to)
}

// before tells whether replay from the base can come to the point.
func (c Catalog) before(b Base, found chain, to Point) bool {
	switch {
	case to.Zxid != 0:
		return zoo.Zxid(b.ConsistentFrom) <= to.Zxid
	case !to.Time.IsZero():
		return !b.moment().After(to.Time) && zoo.Zxid(b.ConsistentFrom) <= found.end()
	}
	return true
}

// reaches tells whether the chain has all that happened up to the point.
func (c Catalog) reaches(found chain, to Point) bool {
	switch {
	case to.Zxid != 0:
		return found.end() >= to.Zxid
	case !to.Time.IsZero():
		return !c.until(found).Before(to.Time)
	}
	return true
}

func (c Catalog) unreachable(to Point) error {
	ranges := c.Ranges()
	if len(ranges) == 0 {
		return fmt.Errorf("%v: %w: it has no base", to, ErrUnreachable)
	}
	var have []string
	for _, r := range ranges {
		have = append(have, r.String())
	}
	return fmt.Errorf("%v: %w: it can restore %s", to, ErrUnreachable, strings.Join(have, ", "))
}

// trim leaves out the segments beyond the point.
func (p *Plan) trim() {
	for i, s := range p.Segments {
		if p.Stop != 0 && zoo.Zxid(s.Last) >= p.Stop {
			p.Segments = p.Segments[:i+1]
			return
		}
	}
}
