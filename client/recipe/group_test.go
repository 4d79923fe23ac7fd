package recipe_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"zoo/client"
	"zoo/client/recipe"
)

// The plot: an observer follows a group. Ann and Bob join, the answer to Bob is lost; Ann's
// session ends, the server is restarted, Bob leaves.
func TestAGroupKnowsItsMembers(t *testing.T) {
	w, ctx := newWorld(t, tick), soon(t)
	observer, ann, bob := w.person(timeout), w.person(timeout), w.person(timeout)
	plot := map[string]func(){}
	var a, b *recipe.Lease
	var err error
	plot[""] = func() {
		a, err = groupOf(ann).Join(ctx, "ann", []byte("10.0.0.1"))
		check(t, err)
	}
	plot["ann=10.0.0.1"] = func() {
		bob.loseAnswers(1)
		b, err = groupOf(bob).Join(ctx, "bob", nil)
		check(t, err)
	}
	plot["ann=10.0.0.1 bob="] = ann.expire
	plot["bob="] = func() {
		<-a.Context().Done()
		w.restart()
		check(t, b.Release(ctx))
	}
	var seen []string
	for members, err := range groupOf(observer).Changes(ctx) {
		check(t, err)
		text := list(members)
		if len(seen) > 0 && text == seen[len(seen)-1] {
			continue
		}
		seen = append(seen, text)
		if len(seen) == 5 {
			break
		}
		plot[text]()
	}
	if fmt.Sprintf("%q", seen) != `["" "ann=10.0.0.1" "ann=10.0.0.1 bob=" "bob=" ""]` {
		t.Fatalf("%q", seen)
	}
}

func groupOf(p *person) *recipe.Group {
	return &recipe.Group{Client: p.Client, Path: "/app/g"}
}

func TestAMemberIsNoPath(t *testing.T) {
	g := recipe.Group{Client: newWorld(t, tick).person(timeout).Client, Path: "/g"}
	for _, id := range []string{"", "a/b"} {
		if _, err := g.Join(soon(t), id, nil); !errors.Is(err, recipe.ErrConfig) {
			t.Fatal(err)
		}
	}
}

func list(members []recipe.Member) string {
	var all []string
	for _, m := range members {
		all = append(all, m.ID+"="+string(m.Data))
	}
	return strings.Join(all, " ")
}

// The plot: 250 members, which are more than are read at once, and a znode that is none.
func TestALargeGroupIsReadInParts(t *testing.T) {
	w, ctx := newWorld(t, tick), soon(t)
	p := w.person(timeout)
	g := recipe.Group{Client: p.Client, Path: "/g"}
	var last *recipe.Lease
	for i := range 250 {
		lease, err := g.Join(ctx, fmt.Sprintf("m%d", i), nil)
		check(t, err)
		last = lease
	}
	_, err := p.Create(ctx, "/g/notes", nil, client.CreateOptions{})
	check(t, err)
	members, err := g.Members(ctx)
	if err != nil || len(members) != 250 || members[0].ID != "m0" ||
		members[249].Token != last.Token() || members[9].Session != p.SessionID() {
		t.Fatal(len(members), err)
	}
}

func ExampleGroup() {
	err := withClient(func(ctx context.Context, c *client.Client) error {
		g := &recipe.Group{Client: c, Path: "/servers"}
		lease, err := g.Join(ctx, "web1", []byte("10.0.0.1:80"))
		if err != nil {
			return err
		}
		members, err := g.Members(ctx)
		for _, m := range members {
			fmt.Printf("%s at %s\n", m.ID, m.Data)
		}
		return errors.Join(err, lease.Release(ctx))
	})
	fmt.Println(err)
	// Output:
	// web1 at 10.0.0.1:80
	// <nil>
}
