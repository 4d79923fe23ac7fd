package paper

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// stage is five servers as they say what they are; the next one leads when the leader falls, but
// only after an election.
type stage struct {
	down    [5]bool
	leads   int
	elected time.Time
	log     []string
	begun   time.Time
}

func (s *stage) fail(_ context.Context, i int) error {
	s.note("fail", i)
	if s.down[i] {
		return errors.New("it is down")
	}
	s.down[i] = true
	if i == s.leads {
		s.leads, s.elected = (i+1)%5, time.Now().Add(500*time.Millisecond)
	}
	return nil
}

func (s *stage) heal(_ context.Context, i int) error {
	s.note("heal", i)
	s.down[i] = false
	return nil
}

func (s *stage) note(what string, i int) {
	s.log = append(s.log, fmt.Sprintf("%v %s %d", time.Since(s.begun), what, i))
}

func (s *stage) roles(context.Context, []string) []string {
	told := make([]string, 5)
	for i := range told {
		switch {
		case s.down[i] || time.Now().Before(s.elected):
		case i == s.leads:
			told[i] = roleLeader
		default:
			told[i] = roleFollower
		}
	}
	return told
}

func (s *stage) conductor() *conductor {
	opts := &Options{Servers: []string{"a", "b", "c", "d", "e"}, Step: 10 * time.Second,
		Fail: s.fail, Heal: s.heal, Roles: s.roles}
	plan, _ := Plan(5, opts.Step)
	return &conductor{Options: opts, plan: plan, hit: newCast(), down: map[int]bool{}}
}

func start() <-chan time.Time {
	begun := make(chan time.Time, 1)
	begun <- time.Now()
	return begun
}

// The plan is carried out to the second, on those who are what it asks for at the time.
func TestThePlanIsCarriedOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &stage{leads: 0, begun: time.Now()}
		c := s.conductor()
		c.conduct(t.Context(), start())
		want := []string{"10s fail 1", "20s heal 1", "30s fail 2", "40s heal 2", "50s fail 0",
			"1m0s heal 0", "1m10s fail 3", "1m20s fail 4", "1m30s heal 3", "1m30s heal 4",
			"1m40s fail 1", "1m50s heal 1"}
		if !slices.Equal(s.log, want) || c.err != nil || len(c.happened) != len(want) {
			t.Errorf("%v, %+v\ngot  %v\nwant %v", c.err, c.happened, s.log, want)
		}
	})
}

// Right after a failure nobody leads: who does is asked until somebody says it, and what never
// comes to pass is told, and not healed.
func TestAnElectionIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &stage{leads: 0, begun: time.Now(), elected: time.Now().Add(51 * time.Second)}
		c := s.conductor()
		c.conduct(t.Context(), start())
		if len(s.log) == 0 || s.log[0] != "51s fail 0" {
			t.Errorf("log %v", s.log)
		}
		if c.err == nil || !strings.Contains(c.err.Error(), "no server says that it is one") {
			t.Errorf("error %v", c.err)
		}
		if got := c.happened[0]; got.Error == "" || got.At != 20 || got.Mark != "1" {
			t.Errorf("first %+v", got)
		}
	})
}

// Whoever interrupts a run gets all servers back.
func TestAnInterruptedPlanLeavesNobodyDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &stage{leads: 0, begun: time.Now()}
		c := s.conductor()
		ctx, stop := context.WithTimeout(t.Context(), 85*time.Second)
		defer stop()
		c.conduct(ctx, start())
		if s.down != [5]bool{} || len(c.down) > 0 {
			t.Errorf("down %v, %v; %v", s.down, c.down, s.log)
		}
	})
}

// Without commands an operator is told what to do, and a slow one is not asked for the same
// server twice.
func TestAnOperatorIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &stage{leads: 4, begun: time.Now()}
		c := s.conductor()
		var told []string
		c.Fail, c.Heal = nil, nil
		c.Say = func(line string) {
			if strings.HasPrefix(line, "**") {
				told = append(told, line)
			}
		}
		c.conduct(t.Context(), start())
		if len(told) != 12 || told[0] != "** now end the server a" ||
			told[6] != "** now end the server c" || told[7] != "** now end the server d" {
			t.Errorf("%q", told)
		}
	})
}
