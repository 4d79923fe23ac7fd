package client

import (
	"context"
	"fmt"

	"zoo"
	"zoo/internal/jute"
	"zoo/internal/wire"
)

// Op is one part of a Multi or MultiRead.
type Op struct {
	op   wire.Op
	path string
	data []byte
	opts CreateOptions
	// version is compared by delete, set and check; for removeRecursive it is the limit.
	version int32
}

// CreateOp makes a znode.
func CreateOp(path string, data []byte, opts CreateOptions) Op {
	return Op{op: wire.OpCreate2, path: path, data: data, opts: opts}
}

// DeleteOp removes a znode that has this version.
func DeleteOp(path string, version int32) Op {
	return Op{op: wire.OpDelete, path: path, version: version}
}

// SetOp writes the data of a znode that has this version.
func SetOp(path string, data []byte, version int32) Op {
	return Op{op: wire.OpSetData, path: path, data: data, version: version}
}

// CheckOp demands that a znode has this version.
func CheckOp(path string, version int32) Op {
	return Op{op: wire.OpCheck, path: path, version: version}
}

// GetOp reads a znode's data.
func GetOp(path string) Op { return Op{op: wire.OpGetData, path: path} }

// ChildrenOp reads the names of a znode's children.
func ChildrenOp(path string) Op { return Op{op: wire.OpGetChildren, path: path} }

// OpResult is the answer to one part. Which fields are set depends on the part.
type OpResult struct {
	// Err is nil, or an *Error. In a Multi that failed, parts before the guilty one have
	// none, although they were undone.
	Err      error
	Path     string
	Stat     zoo.Stat
	Data     []byte
	Children []string
}

// Multi makes all changes or none. When it makes none the error is that of the part
// which is to blame, and the results tell which one that is.
func (c *Client) Multi(ctx context.Context, ops ...Op) ([]OpResult, error) {
	results, err := c.multi(ctx, wire.OpMulti, ops)
	if err != nil {
		return nil, err
	}
	for _, r := range results {
		if r.Err != nil {
			return results, r.Err
		}
	}
	return results, nil
}

// MultiRead reads several znodes at once. Each result has its own error.
func (c *Client) MultiRead(ctx context.Context, ops ...Op) ([]OpResult, error) {
	return c.multi(ctx, wire.OpMultiRead, ops)
}

func (c *Client) multi(ctx context.Context, kind wire.Op, ops []Op) ([]OpResult, error) {
	for _, op := range ops {
		path := op.path
		if op.opts.Mode.IsSequential() {
			path += "1"
		}
		if err := zoo.ValidatePath(path); err != nil {
			return nil, &Error{Op: op.op.String(), Path: op.path, Code: zoo.CodeBadArguments,
				Cause: err}
		}
	}
	if len(ops) == 0 {
		return nil, nil
	}
	k, err := c.insist(ctx, func() *call {
		return &call{op: kind, request: &multiRequest{c, ops}}
	}, func(k *call) error { return c.do(ctx, k) })
	if err != nil {
		return nil, err
	}
	return c.multiResults(k, ops)
}

// multiRequest is the body of a request; nobody decodes it.
type multiRequest struct {
	c   *Client
	ops []Op
}

// AppendTo appends the parts and their end.
func (m *multiRequest) AppendTo(b []byte) []byte {
	for _, op := range m.ops {
		code, record := m.c.part(op)
		b = record.AppendTo(wire.AppendMultiRequest(b, code))
	}
	return wire.AppendMultiEnd(b)
}

// DecodeFrom refuses: the client only writes requests.
func (m *multiRequest) DecodeFrom(d *jute.Decoder) { d.Fail("multi", wire.ErrMultiOp) }

// part is the operation and record of one part.
func (c *Client) part(op Op) (wire.Op, jute.Record) {
	path := c.outside(op.path)
	switch op.op {
	case wire.OpCreate2:
		k := c.create(op.op, op.path, op.data, op.opts)
		return k.op, k.request
	case wire.OpSetData:
		return op.op, &wire.SetDataRequest{Path: path, Data: op.data, Version: op.version}
	case wire.OpDelete:
		return op.op, &wire.DeleteRequest{Path: path, Version: op.version}
	case wire.OpCheck:
		return op.op, &wire.CheckVersionRequest{Path: path, Version: op.version}
	case wire.OpGetData:
		return op.op, &wire.GetDataRequest{Path: path}
	case wire.OpCreateIfNotExists:
		return op.op, c.createRequest(op.path, op.data, op.opts)
	case wire.OpCheckNotExists:
		return op.op, &wire.CheckNotExistsRequest{Path: path, Version: op.version}
	case wire.OpTryRemove:
		return op.op, &wire.TryRemoveRequest{Path: path, Version: op.version}
	case wire.OpRemoveRecursive:
		return op.op, &wire.RemoveRecursiveRequest{Path: path, Limit: op.version}
	}
	return op.op, &wire.GetChildrenRequest{Path: path}
}

// multiResults reads the answer, which has one part for each of the request.
func (c *Client) multiResults(k *call, ops []Op) ([]OpResult, error) {
	parts := wire.NewMultiResultReader(k.body)
	var results []OpResult
	for part, ok := parts.Next(); ok; part, ok = parts.Next() {
		if len(results) == len(ops) {
			return nil, k.failed(zoo.CodeMarshallingError, errParts)
		}
		result, err := c.result(part, ops[len(results)])
		if err != nil {
			return nil, k.failed(zoo.CodeMarshallingError, err)
		}
		results = append(results, result)
	}
	if err := parts.Err(); err != nil {
		return nil, k.failed(zoo.CodeMarshallingError, err)
	}
	if len(results) != len(ops) {
		return nil, k.failed(zoo.CodeMarshallingError, errParts)
	}
	return results, nil
}

var errParts = fmt.Errorf("%w: a multi's answer has another number of parts", ErrProtocol)

// result decodes one part.
func (c *Client) result(part wire.MultiResult, op Op) (OpResult, error) {
	var r OpResult
	d := jute.NewAliasDecoder(part.Body)
	switch part.Op {
	case wire.OpError:
		// Parts that were undone carry codes, too; only the guilty one's is an error.
		if part.Err != zoo.CodeOK && part.Err != zoo.CodeRuntimeInconsistency {
			r.Err = &Error{Op: op.op.String(), Path: op.path, Code: part.Err}
		}
		return r, nil
	case wire.OpCreate, wire.OpCreateIfNotExists:
		r.Path = c.inside(d.String())
	case wire.OpCreate2:
		r.Path, r.Stat = c.inside(d.String()), wire.DecodeStat(&d)
	case wire.OpSetData:
		r.Stat = wire.DecodeStat(&d)
	case wire.OpGetData:
		r.Data, r.Stat = d.Buffer(), wire.DecodeStat(&d)
	case wire.OpGetChildren:
		r.Children = d.Strings()
	}
	return r, d.Err()
}
