package recipe_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"zoo/client"
	"zoo/client/recipe"
)

// leads is a candidate's campaign in the background.
func leads(ctx context.Context, t *testing.T, p *person, name string) <-chan *recipe.Lease {
	won := make(chan *recipe.Lease, 1)
	go func() {
		e := recipe.Election{Client: p.Client, Path: "/election", Data: []byte(name)}
		lease, err := e.Campaign(ctx)
		if err != nil {
			t.Error(err)
		}
		won <- lease
	}()
	return won
}

// The plot: an observer follows an election. Ann leads, her session ends, and Bob leads; the
// server is restarted, and Bob still leads; he resigns, and nobody leads.
func TestAnElectionAlwaysHasOneLeader(t *testing.T) {
	w, ctx := newWorld(t, tick), soon(t)
	ann, bob := w.person(timeout), w.person(timeout)
	heard, stop, stopped := followed(ctx, t, w.person(timeout))
	if nobody := <-heard; nobody.Data != nil || nobody.Token != 0 {
		t.Fatal(nobody)
	}
	first := <-leads(ctx, t, ann, "ann")
	l := <-heard
	if string(l.Data) != "ann" || l.Token != first.Token() || l.Session != ann.SessionID() {
		t.Fatal(l)
	}
	next := leads(ctx, t, bob, "bob")
	inLine(t, ann, "/election", 2)
	ann.expire()
	second := <-next
	if l := <-heard; string(l.Data) != "bob" || l.Token <= first.Token() {
		t.Fatal(l)
	}
	<-first.Context().Done()
	w.restart()
	e := recipe.Election{Client: bob.Client, Path: "/election"}
	if l, err := e.Leader(ctx); err != nil || l.Token != second.Token() {
		t.Fatal(l, err)
	}
	check(t, second.Release(ctx))
	if nobody := <-heard; nobody.Data != nil || nobody.Session != 0 {
		t.Fatal(nobody)
	}
	close(stop)
	third := <-leads(ctx, t, bob, "again") // It wakes the observer, which then stops.
	<-stopped
	check(t, third.Release(ctx))
}

// followed are the leaders that an observer hears of, until stop is closed.
func followed(ctx context.Context, t *testing.T, observer *person) (
	heard chan recipe.Leader, stop, stopped chan struct{}) {
	heard, stop, stopped = make(chan recipe.Leader), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		e := recipe.Election{Client: observer.Client, Path: "/election"}
		for leader, err := range e.Leaders(ctx) {
			if err != nil {
				t.Error(err)
			}
			select {
			case heard <- leader:
			case <-stop:
				return
			}
		}
	}()
	return heard, stop, stopped
}

// The plot: whoever follows hears of the end of its own context and session, once.
func TestLeadersEndWithTheContextOrTheSession(t *testing.T) {
	w := newWorld(t, tick)
	p := w.person(timeout)
	e := recipe.Election{Client: p.Client, Path: "/election"}
	ctx, cancel := context.WithCancel(soon(t))
	defer cancel()
	var errs []error
	for leader, err := range e.Leaders(ctx) {
		if err == nil && leader.Token == 0 {
			cancel()
		}
		errs = append(errs, err)
	}
	if len(errs) != 2 || !errors.Is(errs[1], context.Canceled) {
		t.Fatal(errs)
	}
	errs = nil
	for _, err := range e.Leaders(soon(t)) {
		if err == nil {
			p.expire()
		}
		errs = append(errs, err)
	}
	if len(errs) != 2 || !errors.Is(errs[1], recipe.ErrLost) {
		t.Fatal(errs)
	}
}

func ExampleElection() {
	err := withClient(func(ctx context.Context, c *client.Client) error {
		e := &recipe.Election{Client: c, Path: "/leader", Data: []byte("10.0.0.1:80")}
		lease, err := e.Campaign(ctx)
		if err != nil {
			return err
		}
		leader, err := e.Leader(ctx)
		fmt.Printf("%s leads: %v\n", leader.Data, leader.Token == lease.Token())
		return errors.Join(err, lease.Release(ctx))
	})
	fmt.Println(err)
	// Output:
	// 10.0.0.1:80 leads: true
	// <nil>
}
