package recipe

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"zoo"
	"zoo/client"
)

// Queue hands items from those who put to those who take, in the order of putting
// (ZooKeeper's recipe "Queues"). An item is put exactly once, also when the answer is lost.
// It is taken as a lease: it stays in the queue until the taker is done with it, and if the
// taker's session ends before that another one gets it. So each item is done at least once;
// Item.Fence keeps one who has lost it from writing as if it had not.
//
// Takers queue for a lock, and only the first watches the queue, which it lists for each
// item: a queue is for some thousands of items, and their names have to fit a frame. Fields
// are read only.
type Queue struct {
	Client *client.Client
	// Path is the queue's directory, the same for all.
	Path string
	// ACL is that of the znodes; nil means zoo.OpenACL.
	ACL []zoo.ACL

	once sync.Once
	mark *mark
}

// Item is one that was taken.
type Item struct {
	// Data is what was put.
	Data  []byte
	lease *Lease
	path  string
}

const itemKind = "item-"

func (q *Queue) place() place { return place{q.Client, q.Path, q.ACL} }

func (q *Queue) items() place { return q.place().below("items") }

func (q *Queue) claims() place { return q.place().below("claims") }

func (q *Queue) marked() *mark {
	q.once.Do(func() { q.mark = newMark(q.place().below("marks")) })
	return q.mark
}

// Put adds an item at the end. An error that is ErrUnknown tells that it may have been added.
func (q *Queue) Put(ctx context.Context, data []byte) error {
	items := q.items()
	op := client.CreateOp(items.at(itemKind), data, items.options(zoo.PersistentSequential))
	err := q.marked().do(ctx, op)
	if errors.Is(err, zoo.CodeNoNode) && !errors.Is(err, ErrLost) && !errors.Is(err, ErrUnknown) {
		if err = items.keep(ctx); err == nil {
			err = q.marked().do(ctx, op)
		}
	}
	return q.place().failed("queue", err)
}

// Close removes what this queue has made for putting, which otherwise goes with the
// session. The items stay.
func (q *Queue) Close(ctx context.Context) error {
	return q.place().failed("queue", q.marked().close(ctx))
}

// Take waits for the first item that nobody has taken, or for the end of ctx.
func (q *Queue) Take(ctx context.Context) (*Item, error) {
	for {
		item, err := q.take(ctx)
		if item != nil || err != nil {
			return item, q.place().failed("queue", err)
		}
	}
}

// take is nil without an error if the item was deleted before it could be read.
func (q *Queue) take(ctx context.Context) (*Item, error) {
	turn, err := q.place().below("locks").queue(ctx, lockKind, nil, lockOrder())
	if err != nil {
		return nil, err
	}
	name, err := q.first(ctx)
	if err != nil {
		turn.abandon()
		return nil, err
	}
	claim := q.claims().seat(name, zoo.Ephemeral)
	if err := turn.give(ctx, claim, nil); err != nil {
		return nil, err
	}
	return q.open(ctx, &Item{lease: claim.hold(ctx), path: q.items().at(name)})
}

func (q *Queue) open(ctx context.Context, item *Item) (*Item, error) {
	err := q.place().again(ctx, func() (err error) {
		item.Data, _, err = q.Client.Get(ctx, item.path, nil)
		return err
	})
	if err != nil {
		item.lease.stop() // Its guard gives it back.
		return nil, ifNot(err, zoo.CodeNoNode)
	}
	return item, nil
}

// first waits for an item without a claim. The claims are read before the items: of an item
// that is done in between both are gone.
func (q *Queue) first(ctx context.Context) (name string, err error) {
	err = q.items().follow(ctx, func(w client.Watcher) (string, bool, error) {
		claimed, err := q.claims().list(ctx, w)
		if err != nil {
			return q.claims().dir, false, err
		}
		names, err := q.items().list(ctx, w)
		for _, item := range waiters(names, []string{itemKind}) {
			if !slices.ContainsFunc(claimed, func(claim string) bool {
				return strings.HasSuffix(claim, item.name)
			}) {
				name = item.name
				break
			}
		}
		return q.claims().dir, name == "", err
	})
	return name, err
}

// Context is for the work on the item: it is over when the item is somebody else's, see
// Lease.Context.
func (i *Item) Context() context.Context { return i.lease.Context() }

// Fence makes a client.Multi change nothing if the item is somebody else's, see Lease.Fence.
func (i *Item) Fence() client.Op { return i.lease.Fence() }

// Done removes the item from the queue. An error that is ErrLost tells that it may be
// done again by another.
func (i *Item) Done(ctx context.Context) error { return i.lease.releaseWith(ctx, i.path) }

// Release gives the item back, to be taken by anybody.
func (i *Item) Release(ctx context.Context) error { return i.lease.Release(ctx) }
