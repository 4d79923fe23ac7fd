package client

import (
	"context"
	"errors"
	"slices"
	"strings"

	"zoo"
	"zoo/internal/jute"
	"zoo/internal/wire"
)

// AnyVersion matches whatever version a znode has.
const AnyVersion int32 = -1

// outside is the server's name of a path.
func (c *Client) outside(path string) string {
	switch {
	case c.opts.Chroot == "":
		return path
	case path == "/":
		return c.opts.Chroot
	}
	return c.opts.Chroot + path
}

// inside is the caller's name of the server's path, which stays as it is when it is not
// below the chroot.
func (c *Client) inside(path string) string {
	switch rest := strings.TrimPrefix(path, c.opts.Chroot); {
	case !c.isInside(path):
		return path
	case rest == "":
		return "/"
	default:
		return rest
	}
}

// isInside tells whether a server's path is the chroot or below it: /app2 is not below
// /app.
func (c *Client) isInside(path string) bool {
	rest, ok := strings.CutPrefix(path, c.opts.Chroot)
	return ok && (rest == "" || rest[0] == '/')
}

// ask sends a request about a path and decodes the answer, if there is to be one.
func (c *Client) ask(ctx context.Context, k *call, response jute.Record) error {
	if err := zoo.ValidatePath(k.path); err != nil {
		return k.failed(zoo.CodeBadArguments, err)
	}
	if err := c.do(ctx, k); err != nil || response == nil {
		return err
	}
	return k.decode(response)
}

// CreateOptions are those of a new znode. The zero value makes a persistent one that
// is open to everyone.
type CreateOptions struct {
	Mode zoo.CreateMode
	// ACL grants permissions; nil means zoo.OpenACL.
	ACL []zoo.ACL
	// TTLMillis is the time to live of the modes that have one, 1 to zoo.TTLMax.
	TTLMillis int64
}

// Create makes a znode of any mode and returns its path, which differs from the path
// given for sequential ones.
func (c *Client) Create(
	ctx context.Context, path string, data []byte, opts CreateOptions) (string, error) {
	k := c.create(wire.OpCreate, path, data, opts)
	// The answers of all that create begin with the path.
	var response wire.CreateResponse
	err := c.askCreate(ctx, k, opts, &response)
	return c.inside(response.Path), err
}

// Create2 is Create for those who want to know the new Stat.
func (c *Client) Create2(ctx context.Context, path string, data []byte,
	opts CreateOptions) (string, zoo.Stat, error) {
	k := c.create(wire.OpCreate2, path, data, opts)
	var response wire.Create2Response
	err := c.askCreate(ctx, k, opts, &response)
	return c.inside(response.Path), response.Stat, err
}

func (c *Client) askCreate(
	ctx context.Context, k *call, opts CreateOptions, response jute.Record) error {
	if opts.Mode.IsSequential() {
		// The server appends digits, so a slash at the end is fine.
		if err := zoo.ValidatePath(k.path + "1"); err != nil {
			return k.failed(zoo.CodeBadArguments, err)
		}
	} else if err := zoo.ValidatePath(k.path); err != nil {
		return k.failed(zoo.CodeBadArguments, err)
	}
	if err := c.do(ctx, k); err != nil {
		return err
	}
	return k.decode(response)
}

// create is the request for a mode; plain is the operation for the old modes.
func (c *Client) create(plain wire.Op, path string, data []byte, opts CreateOptions) *call {
	request := c.createRequest(path, data, opts)
	k := &call{op: plain, path: path, request: request}
	switch {
	case opts.Mode == zoo.Container:
		k.op = wire.OpCreateContainer
	case opts.Mode.IsTTL():
		k.op = wire.OpCreateTTL
		k.request = &wire.CreateTTLRequest{Path: request.Path, Data: data, ACL: request.ACL,
			Flags: opts.Mode, TTL: opts.TTLMillis}
	}
	return k
}

func (c *Client) createRequest(
	path string, data []byte, opts CreateOptions) *wire.CreateRequest {
	request := &wire.CreateRequest{Path: c.outside(path), Data: data, ACL: opts.ACL,
		Flags: opts.Mode}
	if request.ACL == nil {
		request.ACL = zoo.OpenACL()
	}
	return request
}

// Delete removes a znode that has no children, if it has this version.
func (c *Client) Delete(ctx context.Context, path string, version int32) error {
	request := &wire.DeleteRequest{Path: c.outside(path), Version: version}
	return c.ask(ctx, &call{op: wire.OpDelete, path: path, request: request}, nil)
}

// watching arranges that w is registered with the answer, before the next event.
func (c *Client) watching(k *call, w Watcher, of func(zoo.Code) (kind, bool)) {
	if w == nil {
		return
	}
	path := c.outside(k.path)
	k.watcher, k.lists = w, of
	k.then = func(code zoo.Code) {
		if list, ok := of(code); ok {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.watches.add(list, path, w)
		}
	}
}

// ifFound registers a watch that the server keeps only for a znode that is there.
func ifFound(list kind) func(zoo.Code) (kind, bool) {
	return func(code zoo.Code) (kind, bool) { return list, code == zoo.CodeOK }
}

// Exists returns the Stat of a znode, or an error that is zoo.CodeNoNode. A watcher
// that is not nil hears once: of the znode's creation, change or deletion.
func (c *Client) Exists(ctx context.Context, path string, w Watcher) (zoo.Stat, error) {
	k := &call{op: wire.OpExists, path: path,
		request: &wire.ExistsRequest{Path: c.outside(path), Watch: w != nil}}
	c.watching(k, w, func(code zoo.Code) (kind, bool) {
		if code == zoo.CodeNoNode {
			return existWatches, true
		}
		return dataWatches, code == zoo.CodeOK
	})
	var response wire.ExistsResponse
	err := c.ask(ctx, k, &response)
	return response.Stat, err
}

// Get returns the data of a znode. A watcher that is not nil hears once: of its change
// or deletion.
func (c *Client) Get(ctx context.Context, path string, w Watcher) ([]byte, zoo.Stat, error) {
	k := &call{op: wire.OpGetData, path: path,
		request: &wire.GetDataRequest{Path: c.outside(path), Watch: w != nil}}
	c.watching(k, w, ifFound(dataWatches))
	var response wire.GetDataResponse
	err := c.ask(ctx, k, &response)
	return response.Data, response.Stat, err
}

// configPath is not below any chroot.
const configPath = "/zookeeper/config"

// Config returns the ensemble's configuration. A watcher that is not nil hears once,
// of its change.
func (c *Client) Config(ctx context.Context, w Watcher) ([]byte, zoo.Stat, error) {
	k := &call{op: wire.OpGetData, path: configPath,
		request: &wire.GetDataRequest{Path: configPath, Watch: w != nil}}
	if w != nil {
		k.then = func(code zoo.Code) {
			c.mu.Lock()
			defer c.mu.Unlock()
			if code == zoo.CodeOK {
				c.watches.add(dataWatches, configPath, w)
			}
		}
	}
	var response wire.GetDataResponse
	err := c.ask(ctx, k, &response)
	return response.Data, response.Stat, err
}

// Set writes the data of a znode that has this version.
func (c *Client) Set(
	ctx context.Context, path string, data []byte, version int32) (zoo.Stat, error) {
	k := &call{op: wire.OpSetData, path: path,
		request: &wire.SetDataRequest{Path: c.outside(path), Data: data, Version: version}}
	var response wire.SetDataResponse
	err := c.ask(ctx, k, &response)
	return response.Stat, err
}

// GetACL returns who may do what with a znode.
func (c *Client) GetACL(ctx context.Context, path string) ([]zoo.ACL, zoo.Stat, error) {
	k := &call{op: wire.OpGetACL, path: path,
		request: &wire.GetACLRequest{Path: c.outside(path)}}
	var response wire.GetACLResponse
	err := c.ask(ctx, k, &response)
	return response.ACL, response.Stat, err
}

// SetACL says who may do what with a znode whose Aversion is this version.
func (c *Client) SetACL(
	ctx context.Context, path string, acl []zoo.ACL, version int32) (zoo.Stat, error) {
	k := &call{op: wire.OpSetACL, path: path,
		request: &wire.SetACLRequest{Path: c.outside(path), ACL: acl, Version: version}}
	var response wire.SetACLResponse
	err := c.ask(ctx, k, &response)
	return response.Stat, err
}

// Children returns the names of a znode's children, in no order, and the znode's Stat. A
// watcher that is not nil hears once: of a child that comes or goes, or of the deletion
// of the znode.
func (c *Client) Children(
	ctx context.Context, path string, w Watcher) ([]string, zoo.Stat, error) {
	k := &call{op: wire.OpGetChildren2, path: path,
		request: &wire.GetChildren2Request{Path: c.outside(path), Watch: w != nil}}
	c.watching(k, w, ifFound(childWatches))
	var response wire.GetChildren2Response
	err := c.ask(ctx, k, &response)
	return response.Children, response.Stat, err
}

// AllChildrenNumber counts all that is below a znode.
func (c *Client) AllChildrenNumber(ctx context.Context, path string) (int32, error) {
	k := &call{op: wire.OpGetAllChildrenNumber, path: path,
		request: &wire.GetAllChildrenNumberRequest{Path: c.outside(path)}}
	var response wire.GetAllChildrenNumberResponse
	err := c.ask(ctx, k, &response)
	return response.TotalNumber, err
}

// Ephemerals returns the paths of this session's ephemeral znodes that begin with the
// prefix; "/" gives all.
func (c *Client) Ephemerals(ctx context.Context, prefix string) ([]string, error) {
	k := &call{op: wire.OpGetEphemerals, path: prefix,
		request: &wire.GetEphemeralsRequest{PrefixPath: c.outside(prefix)}}
	var response wire.GetEphemeralsResponse
	err := c.ask(ctx, k, &response)
	// The prefix /app of the server is also that of /app2.
	paths := slices.DeleteFunc(response.Ephemerals, func(path string) bool {
		return !c.isInside(path)
	})
	for i, path := range paths {
		paths[i] = c.inside(path)
	}
	return paths, err
}

// Sync waits until the server has all that was committed when the leader heard of
// this call.
func (c *Client) Sync(ctx context.Context, path string) error {
	k := &call{op: wire.OpSync, path: path, request: &wire.SyncRequest{Path: c.outside(path)}}
	return c.ask(ctx, k, nil)
}

// WhoAmI returns the identities that the server knows this connection by; the ID is a
// user's name, without what proves it.
func (c *Client) WhoAmI(ctx context.Context) ([]zoo.ID, error) {
	k := &call{op: wire.OpWhoAmI}
	if err := c.do(ctx, k); err != nil {
		return nil, err
	}
	var response wire.WhoAmIResponse
	err := k.decode(&response)
	var ids []zoo.ID
	for _, info := range response.ClientInfo {
		ids = append(ids, zoo.ID{Scheme: info.AuthScheme, ID: info.User})
	}
	return ids, err
}

// AddAuth presents one more identity, now and on every later connection. A server
// that refuses it ends the session.
func (c *Client) AddAuth(ctx context.Context, a Auth) error {
	k := &call{op: wire.OpAuth, request: &wire.AuthPacket{Scheme: a.Scheme, Auth: a.Data}}
	c.mu.Lock()
	if state, cause := c.state, c.broken; state.final() {
		c.mu.Unlock()
		return k.failed(state.code(), cause)
	}
	c.auth = append(c.auth, a)
	// Without a connection the next one presents it.
	connected := c.state.Connected()
	c.mu.Unlock()
	if !connected {
		return nil
	}
	return c.do(ctx, k)
}

// AddWatch lets w hear of every change of a znode, or of all below it as well, until
// RemoveWatches. The znode need not exist.
func (c *Client) AddWatch(
	ctx context.Context, path string, mode zoo.AddWatchMode, w Watcher) error {
	k := &call{op: wire.OpAddWatch, path: path,
		request: &wire.AddWatchRequest{Path: c.outside(path), Mode: mode}}
	list := persistentWatches
	if mode == zoo.WatchPersistentRecursive {
		list = recursiveWatches
	}
	c.watching(k, w, ifFound(list))
	return c.ask(ctx, k, nil)
}

// Removal says which watches RemoveWatches takes away.
type Removal struct {
	Type zoo.WatcherType
	// Watcher is whose watches go; nil means everybody's.
	Watcher Watcher
	// Local takes them away also when no server can be reached.
	Local bool
}

// RemoveWatches takes watches of a path away; their watchers hear of it. An error that
// is zoo.CodeNoWatcher tells that there was none.
func (c *Client) RemoveWatches(ctx context.Context, path string, r Removal) error {
	k := &call{op: wire.OpRemoveWatches, path: path,
		request: &wire.RemoveWatchesRequest{Path: c.outside(path), Type: r.Type}}
	c.mu.Lock()
	known := c.watches.contains(c.outside(path), r.Type, r.Watcher)
	c.mu.Unlock()
	if !known {
		return k.failed(zoo.CodeNoWatcher, nil)
	}
	k.settle = func() {
		if r.Watcher != nil && c.sharedLocked(path, r) {
			// The server's watch is still needed; it only checks that it has it.
			k.op = wire.OpCheckWatches
			k.request = &wire.CheckWatchesRequest{Path: c.outside(path), Type: r.Type}
		}
	}
	k.then = func(code zoo.Code) {
		if code == zoo.CodeOK {
			c.forget(path, r, k.op)
		}
	}
	err := c.ask(ctx, k, nil)
	// The reader may still write to k if the context has ended.
	if r.Local && errors.Is(err, zoo.CodeConnectionLoss) {
		c.forget(path, r, wire.OpRemoveWatches)
	}
	return err
}

// sharedLocked tells whether others watch what r would take away, or will when the server
// has answered what it was sent before: it has one watch for all of them. Without the
// second half,
//
//  1. a calls AddWatch, and the server is sent addWatch;
//  2. b calls RemoveWatches; nobody else is registered yet, so the server is sent
//     removeWatches;
//  3. the server arms its watch, which it had for b, and takes it away;
//  4. the answer to addWatch has a registered, whom no event reaches any more.
//
// The caller holds mu, and sends the request before it lets go.
func (c *Client) sharedLocked(path string, r Removal) bool {
	lists := kindsOf(r.Type)
	for _, k := range lists {
		watchers := c.watches[k][c.outside(path)]
		if _, own := watchers[r.Watcher]; len(watchers) > 1 || len(watchers) == 1 && !own {
			return true
		}
	}
	for _, k := range c.link.pending {
		if k.watcher == nil || k.watcher == r.Watcher || k.path != path {
			continue
		}
		for _, code := range []zoo.Code{zoo.CodeOK, zoo.CodeNoNode} {
			if list, ok := k.lists(code); ok && slices.Contains(lists, list) {
				return true
			}
		}
	}
	return false
}

// forget takes watches away after such a request, and tells their watchers. A persistent watch
// that the server was to keep for somebody goes there, too, if nobody was left: whoever
// shared it was refused, or has gone the same way. Others end with their next event.
func (c *Client) forget(path string, r Removal, after wire.Op) {
	c.mu.Lock()
	var held []kind
	for _, list := range []kind{persistentWatches, recursiveWatches} {
		_, found := c.watches[list][c.outside(path)][r.Watcher]
		if found && after == wire.OpCheckWatches {
			held = append(held, list)
		}
	}
	gone := c.watches.remove(c.outside(path), r.Type, r.Watcher)
	state := c.state
	for _, list := range held {
		c.unwatchLocked(path, list)
	}
	c.mu.Unlock()
	for _, g := range gone {
		c.events.add(delivery{Event{Type: g.event, State: state, Path: path, Zxid: -1},
			g.watchers})
	}
}

// Reconfiguration is a change of the ensemble. Either Members is the whole new
// ensemble, or Joining and Leaving are the difference.
type Reconfiguration struct {
	// Joining are lines server.N=…, separated by commas.
	Joining string
	// Leaving are ids, separated by commas.
	Leaving string
	// Members are lines as in Joining.
	Members string
	// Version is that of the configuration that is to be changed, or -1 for any.
	Version int64
}

// Reconfig changes the ensemble and returns its new configuration.
func (c *Client) Reconfig(ctx context.Context, r Reconfiguration) ([]byte, zoo.Stat, error) {
	k := &call{op: wire.OpReconfig, request: &reconfigRequest{r}}
	if err := c.do(ctx, k); err != nil {
		return nil, zoo.Stat{}, err
	}
	var response wire.GetDataResponse
	err := k.decode(&response)
	return response.Data, response.Stat, err
}

// reconfigRequest is wire.ReconfigRequest with null for what is empty: a server takes
// an empty list of members for a list.
type reconfigRequest struct{ Reconfiguration }

// AppendTo appends the encoded record to b.
func (r *reconfigRequest) AppendTo(b []byte) []byte {
	return wire.AppendReconfig(b, &wire.ReconfigRequest{JoiningServers: r.Joining,
		LeavingServers: r.Leaving, NewMembers: r.Members, CurConfigID: r.Version})
}

// DecodeFrom overwrites the record with what d holds next.
func (r *reconfigRequest) DecodeFrom(d *jute.Decoder) {
	r.Joining, r.Leaving, r.Members, r.Version = d.String(), d.String(), d.String(), d.Long()
}
