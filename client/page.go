package client

import (
	"context"
	"errors"
	"iter"
	"slices"

	"zoo"
	"zoo/internal/wire"
)

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
	var response wire.GetChildrenPageResponse
	err = c.askExtended(ctx, func() *call {
		k := &call{op: wire.OpGetChildrenPage, path: path,
			request: &wire.GetChildrenPageRequest{Path: c.outside(path), Watch: p.Watcher != nil,
				After: p.After, Limit: p.Limit}}
		c.watching(k, p.Watcher, ifFound(childWatches))
		return k
	}, &response)
	return response.Children, response.More, response.Stat, err
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
