package recipe

import (
	"context"
	"errors"
	"iter"

	"zoo"
	"zoo/client"
)

// Election is a contest in which one session leads at a time, and the others follow in the
// order in which they came (ZooKeeper's recipe "Leader Election"). All fields are read only.
type Election struct {
	Client *client.Client
	// Path is the election's directory, the same for all.
	Path string
	// Data is what others learn of this candidate, such as its address.
	Data []byte
	// ACL is that of the znodes; nil means zoo.OpenACL.
	ACL []zoo.ACL
}

// Leader is who leads an election.
type Leader struct {
	// Data is the candidate's own.
	Data []byte
	// Token is that of the leader's lease.
	Token zoo.Zxid
	// Session is the leader's.
	Session zoo.SessionID
	path    string
}

const electionKind = "latch-"

func (e *Election) place() place { return place{e.Client, e.Path, e.ACL} }

func electionOrder() order { return order{electionKind: {electionKind}} }

// Campaign waits until this candidate leads, or for the end of ctx; then it is no candidate any
// more. The lease is the leadership: to release it is to resign.
func (e *Election) Campaign(ctx context.Context) (*Lease, error) {
	lease, err := e.place().contend(ctx, electionKind, e.Data, electionOrder())
	return lease, e.place().failed("election", err)
}

// Leader tells who leads, as far as the session's server knows; the zero Leader is nobody.
func (e *Election) Leader(ctx context.Context) (Leader, error) {
	leader, err := e.look(ctx, nil)
	return leader, e.place().failed("leader", err)
}

// Leaders gives who leads, and after each change who leads then; the zero Leader is nobody.
// It ends with ctx or the session, which is the last error. Those who lead in
// between may be missed.
func (e *Election) Leaders(ctx context.Context) iter.Seq2[Leader, error] {
	return func(yield func(Leader, error) bool) {
		p, last, first := e.place(), Leader{}, true
		err := p.follow(ctx, func(w client.Watcher) (watched string, more bool, err error) {
			leader, err := e.look(ctx, w)
			more = err != nil || !first && leader.path == last.path || yield(leader, nil)
			last, first = leader, false
			return leader.path, more, err
		})
		if err != nil {
			yield(Leader{}, p.failed("leaders", err))
		}
	}
}

// look finds the first of the line. A watcher, if there is one, hears when it goes, or
// when anybody comes if there is nobody.
func (e *Election) look(ctx context.Context, w client.Watcher) (Leader, error) {
	p := e.place()
	for {
		line, err := p.line(ctx, electionKind)
		if err == nil && len(line) == 0 && w != nil {
			var names []string
			if names, err = p.list(ctx, w); err == nil && len(names) > 0 {
				line = waiters(names, []string{electionKind})
			}
		}
		if err != nil || len(line) == 0 {
			return Leader{}, err
		}
		leader := Leader{path: p.at(line[0].name)}
		err = p.again(ctx, func() error {
			data, stat, err := e.Client.Get(ctx, leader.path, w)
			leader.Data, leader.Token, leader.Session = data, stat.Czxid, stat.EphemeralOwner
			return err
		})
		if !errors.Is(err, zoo.CodeNoNode) {
			return leader, err
		}
	}
}
