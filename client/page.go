package client

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"zoo"
	"zoo/internal/wire"
)

// extensionsPath is where a server tells what it can beyond ZooKeeper's protocol. Having
// read it allows the connection to ask for it. It is not below any chroot.
const extensionsPath = "/keeper/extensions"

// Page says which part of a list of children is wanted.
type Page struct {
	// After is the name that the page begins behind, empty for the first page. There need
	// not be a child of that name.
	After string
	// Limit is how many names are wanted; 0 is as many as the server gives at once.
	Limit int32
	// Watcher hears once, as for Children, if it is not nil.
	Watcher Watcher
}

// pageLimit is what servers give at most.
const pageLimit = 10_000

// ChildrenPage returns the names of children that come behind another name, sorted by
// their bytes, and whether there are more behind them. How much a page costs does not
// depend on how many children there are. An error that is zoo.CodeUnimplemented tells
// that the server has no pages, as ZooKeeper's has none.
//
// Children that come or go between two pages may be missed or be there still: the
// Stat's Cversion and Pzxid tell whether there were any.
func (c *Client) ChildrenPage(ctx context.Context, path string, p Page) (
	names []string, more bool, stat zoo.Stat, err error) {
	if p.Limit == 0 {
		p.Limit = pageLimit
	}
	for {
		k := &call{op: wire.OpGetChildrenPage, path: path,
			request: &wire.GetChildrenPageRequest{Path: c.outside(path), Watch: p.Watcher != nil,
				After: p.After, Limit: p.Limit}}
		c.watching(k, p.Watcher, ifFound(childWatches))
		var response wire.GetChildrenPageResponse
		err := c.ask(ctx, k, &response)
		if !errors.Is(err, errUnasked) {
			return response.Children, response.More, response.Stat, err
		}
		// Perhaps it will be another connection again that takes the next one.
		if err := c.askForExtensions(ctx, k); err != nil {
			return nil, false, zoo.Stat{}, err
		}
	}
}

// EachChild visits the names of a znode's children in the order of their bytes, page by
// page. An error is the last that is visited. Where the server has no pages it is one
// list, which must fit a frame (Options.FrameBytesMax).
func (c *Client) EachChild(ctx context.Context, path string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for page, more := (Page{}), true; more; {
			var names []string
			var err error
			names, more, _, err = c.ChildrenPage(ctx, path, page)
			if errors.Is(err, zoo.CodeUnimplemented) {
				names, _, err = c.Children(ctx, path, nil)
				slices.Sort(names)
				at, _ := slices.BinarySearch(names, page.After+"\x00")
				names = names[at:]
			}
			if err != nil {
				yield("", err)
				return
			}
			for _, name := range names {
				if !yield(name, nil) {
					return
				}
				page.After = name
			}
		}
	}
}

// errUnasked tells that a connection has not been asked for its extensions. Java's server
// hangs up on an operation that it does not know, so none is sent unasked.
var errUnasked = errors.New("the server has not been asked for extensions")

// askForExtensions allows k to be sent on the connection of now, if the server has its
// operation.
func (c *Client) askForExtensions(ctx context.Context, k *call) error {
	asking := &call{op: wire.OpGetData, path: extensionsPath,
		request: &wire.GetDataRequest{Path: extensionsPath}}
	var response wire.GetDataResponse
	err := c.ask(ctx, asking, &response)
	wanted := fmt.Sprintf("%v=%d", k.op, int32(k.op))
	switch {
	case errors.Is(err, zoo.CodeNoNode) || errors.Is(err, zoo.CodeNoAuth):
	case err != nil:
		return err
	case slices.Contains(strings.Split(string(response.Data), "\n"), wanted):
		c.mu.Lock()
		defer c.mu.Unlock()
		asking.link.extended = true
		return nil
	}
	return k.failed(zoo.CodeUnimplemented, errNoExtension)
}

var errNoExtension = errors.New("the server has no such extension of the protocol")
