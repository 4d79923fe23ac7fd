package browser

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"zoo"
	"zoo/client"
)

// The bounds of what is shown at a time.
const (
	pageLimit    = 100
	pageLimitMax = 1000
	// dataBytes of a znode are shown unless the caller wants more.
	dataBytes    = 64 << 10
	dataBytesMax = 16 << 20
	// asksMax is how many children are looked at at once.
	asksMax = 16
)

type idLine struct {
	Scheme string `json:"scheme"`
	ID     string `json:"id"`
}

type whoLine struct {
	IDs []idLine `json:"ids"`
	// Edit tells that the server lets operators change znodes, Operator that this is one.
	Edit     bool   `json:"edit"`
	Operator bool   `json:"operator"`
	ReadOnly bool   `json:"read_only"`
	Session  string `json:"session"`
}

// whoAmI tells who the caller is to ACLs, and what it may do.
func whoAmI(ctx context.Context, q *question) (any, error) {
	ids, err := q.client.WhoAmI(ctx)
	if err != nil {
		return nil, err
	}
	line := whoLine{IDs: []idLine{}, Edit: q.browser.cfg.Edit, Operator: q.caller.Operator,
		ReadOnly: q.client.State() == client.StateConnectedReadOnly,
		Session:  q.client.SessionID().String()}
	for _, id := range ids {
		line.IDs = append(line.IDs, idLine(id))
	}
	return line, nil
}

// path is that of the znode that is asked for.
func (q *question) path() (string, error) {
	text := q.URL.Query().Get("path")
	if err := zoo.ValidatePath(text); err != nil {
		return "", badRequest(err.Error())
	}
	return text, nil
}

// number is one of the query's, between bounds.
func (q *question) number(name string, missing, least, most int) (int, error) {
	text := q.URL.Query().Get(name)
	if text == "" {
		return missing, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		return 0, badRequest(fmt.Sprintf("%s: want a number from %d to %d", name, least, most))
	}
	return n, nil
}

// name is a part of a path, or the begin of one.
func (q *question) name(of string) (string, error) {
	text := q.URL.Query().Get(of)
	if strings.Contains(text, "/") || !utf8.ValidString(text) {
		return "", badRequest(of + ": want the name of a child, or the begin of one")
	}
	return text, nil
}

// childLine is one child; but for its name all is null if the caller may not read it.
type childLine struct {
	Name     string `json:"name"`
	Kind     any    `json:"kind"`
	Children any    `json:"children"`
	Bytes    any    `json:"bytes"`
}

type childrenLine struct {
	Path     string      `json:"path"`
	Children []childLine `json:"children"`
	// Total counts all children, whatever they begin with.
	Total int32 `json:"total"`
	// Next is the after of the next page, null behind the last one.
	Next any `json:"next_after"`
}

// children lists one page of the children of a znode, those that begin with a prefix.
func children(ctx context.Context, q *question) (any, error) {
	at, err := q.path()
	limit, err2 := q.number("limit", pageLimit, 1, pageLimitMax)
	prefix, err3 := q.name("prefix")
	after, err4 := q.name("after")
	if err := errors.Join(err, err2, err3, err4); err != nil {
		return nil, err
	}
	if !strings.HasPrefix(after, prefix) {
		after = "" // it lies before the first one, or there is none behind it
	}
	names, total, err := q.list(ctx, at, prefix, after, limit+1)
	if err != nil {
		return nil, err
	}
	line := childrenLine{Path: at, Total: total, Children: []childLine{}}
	if len(names) > limit {
		names = names[:limit]
		line.Next = names[limit-1]
	}
	line.Children, err = q.describe(ctx, at, names)
	return line, err
}

// list gives the names behind one, or from the first one with the prefix on, in the order of
// their bytes, so many at most, and how many children there are in all. No name lies
// between a prefix and those that it begins.
func (q *question) list(ctx context.Context, at, prefix, after string, limit int) (
	names []string, total int32, err error) {
	if after == "" && prefix != "" {
		after = prefix
		_, err := q.client.Exists(ctx, path.Join(at, prefix), nil)
		switch {
		case err == nil || errors.Is(err, zoo.ErrNoAuth):
			names = append(names, prefix)
		case !errors.Is(err, zoo.ErrNoNode) && !errors.Is(err, zoo.ErrBadArguments):
			return nil, 0, err
		}
	}
	page, stat, err := q.page(ctx, at, after, limit-len(names))
	for _, name := range page {
		if !strings.HasPrefix(name, prefix) {
			break
		}
		names = append(names, name)
	}
	return names, stat.NumChildren, err
}

// page is one of the server's, or a part of the whole list where it has none, as behind a leader
// that does not know of them.
func (q *question) page(ctx context.Context, at, after string, limit int) (
	[]string, zoo.Stat, error) {
	if limit < 1 {
		stat, err := q.client.Exists(ctx, at, nil)
		return nil, stat, err
	}
	names, _, stat, err := q.client.ChildrenPage(ctx, at,
		client.Page{After: after, Limit: int32(limit)})
	if !errors.Is(err, zoo.CodeUnimplemented) {
		return names, stat, err
	}
	names, stat, err = q.client.Children(ctx, at, nil)
	slices.Sort(names)
	from, found := slices.BinarySearch(names, after)
	if found {
		from++
	}
	names = names[from:]
	return names[:min(limit, len(names))], stat, err
}

// describe looks at children, and leaves out those that are gone by now.
func (q *question) describe(ctx context.Context, at string, names []string) ([]childLine, error) {
	stats, errs := make([]zoo.Stat, len(names)), make([]error, len(names))
	var asks sync.WaitGroup
	for first := range min(asksMax, len(names)) {
		asks.Go(func() {
			for i := first; i < len(names); i += asksMax {
				stats[i], errs[i] = q.client.Exists(ctx, path.Join(at, names[i]), nil)
			}
		})
	}
	asks.Wait()
	paths := make([]string, len(names))
	for i, name := range names {
		paths[i] = path.Join(at, name)
	}
	lines, kinds := []childLine{}, q.browser.cfg.Kinds(paths)
	for i, name := range names {
		switch {
		case errs[i] == nil:
			lines = append(lines, childLine{name, kinds[i].Name, stats[i].NumChildren,
				stats[i].DataLength})
		case errors.Is(errs[i], zoo.ErrNoAuth):
			lines = append(lines, childLine{Name: name})
		case !errors.Is(errs[i], zoo.ErrNoNode):
			return nil, errs[i]
		}
	}
	return lines, nil
}

// Kind is what ends a znode.
type Kind struct {
	// Name is persistent, ephemeral, container or ttl.
	Name string
	// TTLMillis is the time to live, 0 for none.
	TTLMillis int64
}

type statLine struct {
	Czxid    string `json:"czxid"`
	Mzxid    string `json:"mzxid"`
	Pzxid    string `json:"pzxid"`
	Ctime    int64  `json:"ctime"`
	Mtime    int64  `json:"mtime"`
	Version  int32  `json:"version"`
	Cversion int32  `json:"cversion"`
	Aversion int32  `json:"aversion"`
	Owner    string `json:"ephemeral_owner"`
	Bytes    int32  `json:"data_length"`
	Children int32  `json:"num_children"`
}

func lineOf(s *zoo.Stat) statLine {
	return statLine{s.Czxid.String(), s.Mzxid.String(), s.Pzxid.String(), s.Ctime, s.Mtime,
		s.Version, s.Cversion, s.Aversion, s.EphemeralOwner.String(), s.DataLength, s.NumChildren}
}

type aclLine struct {
	Scheme string `json:"scheme"`
	ID     string `json:"id"`
	Perms  string `json:"perms"`
}

type znodeLine struct {
	Path string   `json:"path"`
	Stat statLine `json:"stat"`
	Kind string   `json:"kind"`
	// TTL is in milliseconds, 0 for none.
	TTL int64 `json:"ttl_ms"`
	// Data are the first bytes, in base64; null if the caller may not read them.
	Data []byte `json:"data"`
	// ACL is null if the caller may not see it.
	ACL []aclLine `json:"acl"`
}

// znode shows one znode. Who may change its ACL and not read it sees that alone.
func znode(ctx context.Context, q *question) (any, error) {
	at, err := q.path()
	most, err2 := q.number("bytes", dataBytes, 0, dataBytesMax)
	if err := errors.Join(err, err2); err != nil {
		return nil, err
	}
	line := znodeLine{Path: at}
	data, stat, err := q.client.Get(ctx, at, nil)
	unreadable := errors.Is(err, zoo.ErrNoAuth)
	if err != nil && !unreadable {
		return nil, err
	}
	acl, seen, err := q.client.GetACL(ctx, at)
	switch {
	case err == nil:
		line.ACL = aclLines(acl)
	case unreadable || !errors.Is(err, zoo.ErrNoAuth):
		return nil, err
	}
	if unreadable {
		stat = seen
	} else {
		line.Data = append([]byte{}, data[:min(most, len(data))]...)
	}
	kind := q.browser.cfg.Kinds([]string{at})[0]
	line.Stat, line.Kind, line.TTL = lineOf(&stat), kind.Name, kind.TTLMillis
	return line, nil
}

func aclLines(list []zoo.ACL) []aclLine {
	lines := []aclLine{}
	for _, a := range list {
		lines = append(lines, aclLine{a.ID.Scheme, a.ID.ID, a.Perms.String()})
	}
	return lines
}
