package store

import (
	"errors"
	"fmt"
	"time"

	"zoo"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

// When a quorum is lost for good, what one survivor has becomes the history of a new
// ensemble, in an epoch that no server of the old one can have reached.

// refoundEpochs is how far that epoch lies above what the survivor knows. The others may
// have gone on without it; it would take them more than three months of an election each
// ten seconds to come so far.
const refoundEpochs = 1 << 20

// refoundEpochMax is where Java's zxids, which are signed, end.
const refoundEpochMax = 1<<31 - 1

// ErrRefound means that a directory cannot become the beginning of a new ensemble.
var ErrRefound = errors.New("no new ensemble can begin here")

// Refounding is what the history of a new ensemble will be.
type Refounding struct {
	// Last is the last transaction of the old history, Accepted and Current its epochs.
	Last              zoo.Zxid
	Accepted, Current zoo.Epoch
	// Epoch is that of the new ensemble, First its first transaction, which changes
	// nothing.
	Epoch zoo.Epoch
	First zoo.Zxid
}

// PlanRefounding decides on the epoch; 0 lets it choose.
func PlanRefounding(r *Recovered, epoch zoo.Epoch) (Refounding, error) {
	p := Refounding{Last: r.Zxid, Accepted: r.AcceptedEpoch, Current: r.CurrentEpoch}
	if r.Empty || r.Zxid == zoo.ZxidNone {
		return p, fmt.Errorf("%w: the directory is empty", ErrRefound)
	}
	highest := max(p.Accepted, p.Current, p.Last.Epoch())
	p.Epoch = highest + refoundEpochs
	if epoch != 0 {
		p.Epoch = epoch
	}
	if p.Epoch <= highest || p.Epoch > refoundEpochMax {
		return p, fmt.Errorf("%w: epoch %d is not in %d to %d", ErrRefound, p.Epoch,
			highest+1, zoo.Epoch(refoundEpochMax))
	}
	p.First = p.Epoch.Start() + 1
	return p, nil
}

// Refound carries out what PlanRefounding has decided for this open directory. It goes
// the way of a change of leaders: promise, history, epoch; a crash between two of them
// leaves a directory that can be refounded again.
func (s *Store) Refound(p Refounding, now time.Time) error {
	if err := s.SetAcceptedEpoch(p.Epoch); err != nil {
		return err
	}
	header := txn.Header{Zxid: p.First, Time: now.UnixMilli(), Type: wire.OpError}
	entry := txn.NewEntry(header, &txn.ErrorTxn{Err: zoo.CodeOK}, nil)
	if err := s.Append([]txn.Entry{entry}); err != nil {
		return err
	}
	if err := s.Sync(); err != nil {
		return err
	}
	return s.SetCurrentEpoch(p.Epoch)
}
