package client_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"

	"zoo"
	"zoo/client"
	"zoo/internal/wire"
)

// large is more children than one page has, and enough for a server to put them in order.
const large = 10_500

// family makes a parent with children, of which it returns the sorted names.
func family(t *testing.T, c *client.Client, path string, children int) (names []string) {
	t.Helper()
	_, err := c.Create(t.Context(), path, nil, client.CreateOptions{})
	check(t, err)
	var ops []client.Op
	for i := range children {
		names = append(names, fmt.Sprintf("%08x", uint32(i)*2654435761))
		ops = append(ops, client.CreateOp(path+"/"+names[i], nil, client.CreateOptions{}))
	}
	for part := range slices.Chunk(ops, 500) {
		_, err := c.Multi(t.Context(), part...)
		check(t, err)
	}
	slices.Sort(names)
	return names
}

// The plot: a client below a chroot lists a large family page by page, while a child
// comes and the one that the page begins behind goes.
func TestPagesShowLargeFamilies(t *testing.T) {
	address, ctx := serve(t), t.Context()
	root := dial(t, client.Options{Servers: []string{address}})
	_, err := root.Create(ctx, "/app", nil, client.CreateOptions{})
	check(t, err)
	c := dial(t, client.Options{Servers: []string{address}, Chroot: "/app"})
	want := family(t, c, "/p", large)

	w, came := client.OneEvent()
	names, more, stat, err := c.ChildrenPage(ctx, "/p", client.Page{Limit: 1000, Watcher: w})
	if err != nil || !more || stat.NumChildren != large || !slices.Equal(names, want[:1000]) {
		t.Fatal(len(names), more, stat, err)
	}
	check(t, c.Delete(ctx, "/p/"+want[999], client.AnyVersion))
	if e := <-came; e.Type != zoo.EventNodeChildrenChanged || e.Path != "/p" {
		t.Fatalf("heard %+v", e)
	}
	_, err = c.Create(ctx, "/p/zz", nil, client.CreateOptions{})
	check(t, err)
	names, more, _, err = c.ChildrenPage(ctx, "/p", client.Page{After: want[999]})
	if err != nil || more || !slices.Equal(names, append(want[1000:], "zz")) {
		t.Fatal(len(names), more, err)
	}
	if _, _, _, err := c.ChildrenPage(ctx, "/q", client.Page{}); !errors.Is(err, zoo.CodeNoNode) {
		t.Fatal(err)
	}
	var all []string
	for name, err := range c.EachChild(ctx, "/p") {
		check(t, err)
		all = append(all, name)
	}
	if want = append(slices.Delete(want, 999, 1000), "zz"); !slices.Equal(all, want) {
		t.Fatalf("%d names one by one", len(all))
	}
}

// The plot: a server has nothing to tell of extensions, as Java's. The moral: it is asked
// for none, for it would hang up, and children come as one list.
func TestAServerWithoutPagesIsAskedForNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		c := f.begin(f.options())
		p := f.accept(granted())
		answered := make(chan error, 1)
		go func() {
			_, _, _, err := c.ChildrenPage(t.Context(), "/p", client.Page{})
			answered <- err
		}()
		refuse := func() {
			var asked wire.GetDataRequest
			if h := p.hear(wire.OpGetData, &asked); asked.Path == "/keeper/extensions" {
				p.answer(wire.ReplyHeader{Xid: h.Xid, Err: zoo.CodeNoNode}, nil)
			}
		}
		refuse()
		if err := <-answered; !errors.Is(err, zoo.CodeUnimplemented) {
			t.Error(err)
		}
		go func() {
			var err error
			var names []string
			for name, failed := range c.EachChild(t.Context(), "/p") {
				names, err = append(names, name), errors.Join(err, failed)
			}
			if !slices.Equal(names, []string{"a", "b"}) {
				t.Errorf("the children are %v", names)
			}
			answered <- err
		}()
		refuse()
		p.reply(p.hear(wire.OpGetChildren2, nil), 5,
			&wire.GetChildren2Response{Children: []string{"b", "a"}})
		if err := <-answered; err != nil {
			t.Error(err)
		}
		p.leave(c)
	})
}

// The plot: the connection that has been asked breaks while a page is wanted. The moral:
// the next one is asked as well.
func TestEveryConnectionIsAskedForPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		c := f.begin(f.options())
		answered := make(chan error, 1)
		for _, name := range []string{"first", "second"} {
			go func() {
				names, _, _, err := c.ChildrenPage(t.Context(), "/p", client.Page{})
				if err == nil && !slices.Equal(names, []string{name}) {
					t.Errorf("the %s page has %v", name, names)
				}
				answered <- err
			}()
			// The second time the page waits for the connection.
			synctest.Wait()
			p := f.accept(granted())
			p.reply(p.hear(wire.OpGetData, nil), 5, &wire.GetDataResponse{
				Data: []byte("tryRemove=505\ngetChildrenPage=600\n")})
			p.reply(p.hear(wire.OpGetChildrenPage, nil), 5,
				&wire.GetChildrenPageResponse{Children: []string{name}})
			if err := <-answered; err != nil {
				t.Error(err)
			}
			if name == "second" {
				p.leave(c)
				return
			}
			p.nc.Close()
			synctest.Wait()
		}
	})
}
