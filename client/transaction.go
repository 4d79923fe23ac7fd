package client

import "context"

// Transaction gathers changes that are made all or not at all, as Multi does, one
// call after another:
//
//	results, err := c.Transaction().
//		Check("/lock", 3).
//		Set("/state", state, client.AnyVersion).
//		Commit(ctx)
//
// It belongs to one goroutine.
type Transaction struct {
	c   *Client
	ops []Op
}

// Transaction begins an empty one. Nothing is sent before Commit.
func (c *Client) Transaction() *Transaction { return &Transaction{c: c} }

// Create adds a znode that is to be made.
func (t *Transaction) Create(path string, data []byte, opts CreateOptions) *Transaction {
	return t.Add(CreateOp(path, data, opts))
}

// Set adds data that is to be written if the znode has this version, or AnyVersion.
func (t *Transaction) Set(path string, data []byte, version int32) *Transaction {
	return t.Add(SetOp(path, data, version))
}

// Delete adds a znode that is to be deleted if it has this version, or AnyVersion.
func (t *Transaction) Delete(path string, version int32) *Transaction {
	return t.Add(DeleteOp(path, version))
}

// Check adds the demand that a znode is there and has this version, or AnyVersion.
func (t *Transaction) Check(path string, version int32) *Transaction {
	return t.Add(CheckOp(path, version))
}

// Add adds parts of any kind that Multi takes.
func (t *Transaction) Add(ops ...Op) *Transaction {
	t.ops = append(t.ops, ops...)
	return t
}

// Len is how many parts there are. All of them together must fit a frame of the
// server's (jute.maxbuffer, 1 MiB unless it was told otherwise).
func (t *Transaction) Len() int { return len(t.ops) }

// Commit makes all changes or none, and is Multi in what it returns: a result for each
// part in its order, and the error of the part that is to blame. An empty transaction
// succeeds without asking anybody.
func (t *Transaction) Commit(ctx context.Context) ([]OpResult, error) {
	return t.c.Multi(ctx, t.ops...)
}
