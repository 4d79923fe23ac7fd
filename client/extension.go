package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"zoo"
	"zoo/internal/jute"
	"zoo/internal/wire"
)

// extensionsPath is where a server tells what it can beyond ZooKeeper's protocol. Having
// read it allows the connection to ask for it. It is not below any chroot.
const extensionsPath = "/keeper/extensions"

var (
	// errUnasked tells that a connection has not been asked for its extensions. Java's
	// server hangs up on an operation that it does not know, so none is sent unasked.
	errUnasked     = errors.New("the server has not been asked for extensions")
	errNoExtension = errors.New("the server has no such extension of the protocol")
)

// extensions are the operations of a call that the server must have been asked for.
func (k *call) extensions() (all []wire.Op) {
	if k.op >= wire.ExtensionLowest {
		all = append(all, k.op)
	}
	if multi, ok := k.request.(*multiRequest); ok {
		for _, op := range multi.ops {
			if op.op >= wire.ExtensionLowest && !slices.Contains(all, op.op) {
				all = append(all, op.op)
			}
		}
	}
	return all
}

// insist sends a call that may be an extension, and asks the connection for extensions
// where it must. anew gives the call anew for each attempt: perhaps it is another
// connection again that takes the next one.
func (c *Client) insist(
	ctx context.Context, anew func() *call, send func(*call) error) (*call, error) {
	for {
		k := anew()
		err := send(k)
		if !errors.Is(err, errUnasked) {
			return k, err
		}
		if err := c.askForExtensions(ctx, k); err != nil {
			return k, err
		}
	}
}

// askExtended is ask for what may be an extension.
func (c *Client) askExtended(
	ctx context.Context, anew func() *call, response jute.Record) error {
	_, err := c.insist(ctx, anew, func(k *call) error { return c.ask(ctx, k, response) })
	return err
}

// askForExtensions allows k to be sent on the connection of now, if the server has its
// operations.
func (c *Client) askForExtensions(ctx context.Context, k *call) error {
	asking := &call{op: wire.OpGetData, path: extensionsPath,
		request: &wire.GetDataRequest{Path: extensionsPath}}
	var response wire.GetDataResponse
	err := c.ask(ctx, asking, &response)
	switch {
	case errors.Is(err, zoo.CodeNoNode) || errors.Is(err, zoo.CodeNoAuth):
		return k.failed(zoo.CodeUnimplemented, errNoExtension)
	case err != nil:
		return err
	}
	offered := strings.Split(string(response.Data), "\n")
	for _, op := range k.extensions() {
		if !slices.Contains(offered, fmt.Sprintf("%v=%d", op, int32(op))) {
			return k.failed(zoo.CodeUnimplemented, errNoExtension)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	asking.link.extended = true
	return nil
}

// CheckNotExists succeeds where there is no znode, or, unless version is AnyVersion, one
// with another version; otherwise the error is zoo.ErrNodeExists. It and the other
// extensions of the protocol (docs/format/extensions.md) are zoo.ErrUnimplemented with
// servers that have none, as ZooKeeper's own.
func (c *Client) CheckNotExists(ctx context.Context, path string, version int32) error {
	return c.askExtended(ctx, func() *call {
		return &call{op: wire.OpCheckNotExists, path: path,
			request: &wire.CheckNotExistsRequest{Path: c.outside(path), Version: version}}
	}, nil)
}

// CreateIfNotExists is Create, content where there is a znode already: an extension, see
// CheckNotExists. Modes that are sequential or a container are zoo.ErrBadArguments.
func (c *Client) CreateIfNotExists(
	ctx context.Context, path string, data []byte, opts CreateOptions) error {
	var response wire.CreateResponse
	return c.askExtended(ctx, func() *call {
		return &call{op: wire.OpCreateIfNotExists, path: path,
			request: c.createRequest(path, data, opts)}
	}, &response)
}

// TryRemove deletes a znode, and is content where it cannot since there is none, it has
// children or another version: an extension, see CheckNotExists.
func (c *Client) TryRemove(ctx context.Context, path string, version int32) error {
	return c.askExtended(ctx, func() *call {
		return &call{op: wire.OpTryRemove, path: path,
			request: &wire.TryRemoveRequest{Path: c.outside(path), Version: version}}
	}, nil)
}

// RemoveRecursive deletes a znode and all below it in one transaction, and is content
// where there is none: an extension, see CheckNotExists. Where there are more znodes
// than limit (0: as many as the server lets be, at most 10,000) nothing happens, and
// the error is zoo.ErrNotEmpty; then remove what is below first, part by part.
func (c *Client) RemoveRecursive(ctx context.Context, path string, limit uint32) error {
	return c.askExtended(ctx, func() *call {
		return &call{op: wire.OpRemoveRecursive, path: path, request: &wire.RemoveRecursiveRequest{
			Path: c.outside(path), Limit: wireLimit(limit)}}
	}, nil)
}

// ListRecursive returns the paths of all below a znode, level by level, and none of
// those that the session may not read: an extension, see CheckNotExists. More than limit
// (0: as many as the server lets be) are cut off. Beyond 131,072 znodes or 16 MiB, and
// beyond Options.FrameBytesMax, there is an error.
func (c *Client) ListRecursive(
	ctx context.Context, path string, limit uint32) ([]string, error) {
	var response wire.ListRecursiveResponse
	err := c.askExtended(ctx, func() *call {
		return &call{op: wire.OpListRecursive, path: path, request: &wire.ListRecursiveRequest{
			Path: c.outside(path), Limit: wireLimit(limit)}}
	}, &response)
	for i, child := range response.Children {
		response.Children[i] = c.inside(child)
	}
	return response.Children, err
}

// wireLimit is a limit as it travels: unsigned, with all ones for none.
func wireLimit(limit uint32) int32 {
	if limit == 0 {
		return -1
	}
	return int32(limit)
}

// CheckNotExistsOp, in a Multi, is CheckNotExists.
func CheckNotExistsOp(path string, version int32) Op {
	return Op{op: wire.OpCheckNotExists, path: path, version: version}
}

// CreateIfNotExistsOp, in a Multi, is CreateIfNotExists.
func CreateIfNotExistsOp(path string, data []byte, opts CreateOptions) Op {
	return Op{op: wire.OpCreateIfNotExists, path: path, data: data, opts: opts}
}

// TryRemoveOp, in a Multi, is TryRemove.
func TryRemoveOp(path string, version int32) Op {
	return Op{op: wire.OpTryRemove, path: path, version: version}
}

// RemoveRecursiveOp, in a Multi, is RemoveRecursive.
func RemoveRecursiveOp(path string, limit uint32) Op {
	return Op{op: wire.OpRemoveRecursive, path: path, version: wireLimit(limit)}
}
