package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"zoo"
	"zoo/internal/disk/snapshot"
	"zoo/internal/disk/vfs"
	"zoo/internal/txn"
)

// segmentBytes is how much of the log becomes one object, before compression; it
// bounds the memory of archiving.
const segmentBytes = 16 << 20

// Created is what Create did.
type Created struct {
	Base Base `json:"base"`
	// Existed is set if the repository had this base already.
	Existed  bool      `json:"existed"`
	Segments []Segment `json:"segments"`
	// End is up to where a restore can go now.
	End Hex `json:"end"`
	// Notes are what an operator should know about this backup.
	Notes []string `json:"notes,omitempty"`
}

// Create makes a base of the source's newest snapshot, and archives what of the log
// comes after it, and what came between it and the end of the archive.
func (r *Repository) Create(ctx context.Context, from Source) (Created, error) {
	done, err := r.create(ctx, from)
	if errors.Is(err, ErrNoLog) {
		done.Notes = append(done.Notes, "the server gives no log: a restore can go to this "+
			"snapshot only, not to what came after it")
		err = nil
	}
	return done, err
}

// create is Create, of which the base may be done if the error is of the log.
func (r *Repository) create(ctx context.Context, from Source) (Created, error) {
	done := Created{Segments: []Segment{}}
	shot, err := from.Snapshot(ctx)
	if err != nil {
		return done, err
	}
	catalog, err := r.Catalog(ctx)
	if err == nil {
		done.Base, done.Existed = catalog.base(shot.Zxid)
		if !done.Existed {
			done.Base, err = r.addBase(ctx, from, shot)
		}
	}
	if err = errors.Join(err, shot.Close()); err != nil {
		return done, err
	}
	archived, err := r.Archive(ctx, from, 0)
	done.Segments = append(done.Segments, archived.Segments...)
	done.End = max(done.Base.Zxid, archived.End)
	if archived.Hole != nil {
		done.Notes = append(done.Notes, archived.Hole.Error())
	}
	if done.End < done.Base.ConsistentFrom {
		done.Notes = append(done.Notes, fuzzyNote(done.Base))
	}
	return done, err
}

// fuzzyNote is for a base without the log that would make it whole.
func fuzzyNote(b Base) string {
	return fmt.Sprintf("the snapshot was taken while writes went on, from %v to %v, and the "+
		"log of them is missing: it is not of one point in time",
		zoo.Zxid(b.Zxid), zoo.Zxid(b.ConsistentFrom))
}

func (c Catalog) base(z zoo.Zxid) (Base, bool) {
	for _, b := range c.Bases {
		if zoo.Zxid(b.Zxid) == z {
			return b, true
		}
	}
	return Base{}, false
}

// addBase copies a snapshot, reads its checksums on the way, and names it if they
// are right.
func (r *Repository) addBase(ctx context.Context, from Source, shot Snapshot) (Base, error) {
	base := Base{
		Zxid: Hex(shot.Zxid), Created: r.now(), Time: shot.Time, Source: from.String(),
		Suffix: shot.Suffix}
	name := baseName(shot.Zxid)
	var info snapshot.Info
	r.work.expect(shot.Size)
	counted := countedBody{shot, &r.work}
	obj, err := r.put(ctx, name, func(w io.Writer) (err error) {
		read := io.TeeReader(untilDone{ctx, counted}, w)
		info, err = checkSnapshot(from.String()+shot.Suffix, read, shot.Zxid)
		return err
	})
	if err != nil {
		return base, fmt.Errorf("back up snapshot %v of %s: %w", shot.Zxid, from, err)
	}
	base.Object = obj
	base.ConsistentFrom = Hex(consistentFrom(info, shot))
	if info.HasDigest && info.DigestZxid == shot.Zxid {
		base.Digest = fmt.Sprintf("%x", info.Digest)
	}
	return base, r.writeManifest(ctx, name+suffixJSON, base)
}

// consistentFrom is the last transaction that a snapshot can have a part of. The
// digest and the last part of the file tell it; a file with neither may have all
// that was in the log when it was read.
func consistentFrom(info snapshot.Info, shot Snapshot) zoo.Zxid {
	end := max(shot.Zxid, info.LastZxid)
	if info.HasDigest {
		return max(end, info.DigestZxid)
	}
	if !info.HasLastZxid {
		return max(end, shot.LogEnd)
	}
	return end
}

// ErrDiverged means that a source's log is not the continuation of the archive.
var ErrDiverged = errors.New("the log is not the continuation of what is archived")

// ErrNoBase means that there is nothing that a log could continue.
var ErrNoBase = errors.New("the repository has no base: run zoo backup create first")

// Archived is what Archive did.
type Archived struct {
	Segments []Segment
	End      Hex
	// Hole tells why the newest base could not be joined to what was archived before.
	Hole error
}

// Archive copies what a source has beyond the archive's end, and waits for a first
// entry if there is none. It proves that the one continues the other.
func (r *Repository) Archive(
	ctx context.Context, from Source, wait time.Duration,
) (Archived, error) {
	a, done, err := r.begin(ctx, from)
	if err != nil {
		return done, err
	}
	err = a.run(ctx, wait)
	done.Segments, done.End = append(done.Segments, a.made...), Hex(a.after)
	return done, err
}

// begin joins the newest base to what is before it, and gives the archiver that goes
// on behind.
func (r *Repository) begin(ctx context.Context, from Source) (*archiver, Archived, error) {
	catalog, err := r.Catalog(ctx)
	if err != nil {
		return nil, Archived{}, err
	}
	if len(catalog.Bases) == 0 {
		return nil, Archived{}, fmt.Errorf("%s: %w", r.Target, ErrNoBase)
	}
	var done Archived
	done.Segments, done.Hole, err = r.join(ctx, from, catalog)
	if err != nil {
		return nil, done, err
	}
	newest := catalog.Bases[len(catalog.Bases)-1]
	a := r.continuing(from, catalog.with(done.Segments).chain(newest))
	a.head, a.base = catalog.Head, newest.Created
	done.End = Hex(a.after)
	return a, done, nil
}

// continuing goes on where a chain ends.
func (r *Repository) continuing(from Source, found chain) *archiver {
	a := &archiver{repo: r, from: from, after: found.end()}
	if n := len(found.segments); n > 0 {
		a.lastSum = found.segments[n-1].LastSHA256
	}
	return a
}

// archiver copies one answer of a source.
type archiver struct {
	repo *Repository
	from Source
	head Head
	base time.Time // when the base was made that is continued

	after   zoo.Zxid // the last entry archived
	lastSum string   // its checksum, if it is an entry that is known
	made    []Segment
}

// run takes what there is, and writes down up to when that is all.
func (a *archiver) run(ctx context.Context, wait time.Duration) error {
	asked := a.repo.now()
	if err := a.take(ctx, wait); err != nil {
		return err
	}
	head := Head{Zxid: Hex(a.after), Through: asked}
	if head.Zxid == a.head.Zxid && !head.Through.After(a.head.Through) {
		return nil
	}
	a.head = head
	return a.repo.writeManifest(ctx, headName, head)
}

// take copies what the source has beyond the last entry.
func (a *archiver) take(ctx context.Context, wait time.Duration) error {
	log, err := a.from.Log(ctx, Ask{After: a.after, Wait: wait})
	if err != nil {
		return fmt.Errorf("log of %s after %v: %w", a.from, a.after, err)
	}
	err = a.copy(ctx, log)
	return errors.Join(err, log.Close())
}

func (a *archiver) copy(ctx context.Context, log Log) error {
	first, err := log.Next()
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := a.prove(ctx, first); err != nil {
		return err
	}
	for piece := (&piece{after: a.after}); err == nil; piece = newPiece(a.after) {
		piece.add(first)
		first, err = piece.fill(log)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if err := a.store(ctx, piece); err != nil {
			return err
		}
	}
	return nil
}

// prove makes sure that nothing lies between the archive's end and the first entry.
// In the same epoch the numbers tell. An entry of a later epoch follows whatever was
// last before it: then the source must still have the archive's last one.
func (a *archiver) prove(ctx context.Context, first txn.Entry) error {
	if first.Zxid == a.after+1 || a.after.Counter() == 0 {
		return nil
	}
	if !first.Zxid.Follows(a.after) {
		return fmt.Errorf("%s: %v after %v: %w", a.from, first.Zxid, a.after, ErrDiverged)
	}
	log, err := a.from.Log(ctx, Ask{After: a.after - 1})
	if err != nil {
		return fmt.Errorf("log of %s from %v: %w", a.from, a.after, err)
	}
	same, err := log.Next()
	if err = errors.Join(err, log.Close()); err != nil {
		return fmt.Errorf("log of %s from %v: %w", a.from, a.after, err)
	}
	if same.Zxid != a.after || a.lastSum != "" && entrySum(same) != a.lastSum {
		return fmt.Errorf("%s: it has %v where the archive has %v: %w",
			a.from, same.Zxid, a.after, ErrDiverged)
	}
	return nil
}

func entrySum(e txn.Entry) string {
	sum := sha256.Sum256(e.Bytes)
	return hex.EncodeToString(sum[:])
}

// piece is a segment in the making.
type piece struct {
	after   zoo.Zxid
	entries []txn.Entry
	bytes   int
	first   time.Time
	latest  time.Time
}

func newPiece(after zoo.Zxid) *piece { return &piece{after: after} }

func (p *piece) add(e txn.Entry) {
	at := timeOf(e)
	if len(p.entries) == 0 {
		p.first, p.latest = at, at
	}
	if at.After(p.latest) {
		p.latest = at
	}
	p.entries = append(p.entries, e)
	p.bytes += len(e.Bytes)
}

// fill takes entries until the piece is full or the log ends, and gives what comes
// next.
func (p *piece) fill(log Log) (txn.Entry, error) {
	for {
		e, err := log.Next()
		if err != nil {
			return e, err
		}
		last := p.entries[len(p.entries)-1].Zxid
		if !e.Zxid.Follows(last) {
			return e, &vfs.CorruptError{File: "the source's log", Offset: -1,
				Want: "the transaction after " + last.String(), Got: e.Zxid.String()}
		}
		if p.bytes+len(e.Bytes) > segmentBytes {
			return e, nil
		}
		p.add(e)
	}
}

func (a *archiver) store(ctx context.Context, p *piece) error {
	first, last := p.entries[0], p.entries[len(p.entries)-1]
	name := segmentName(first.Zxid, last.Zxid)
	obj, err := a.repo.put(ctx, name, p.write)
	if err != nil {
		return err
	}
	segment := Segment{
		Object: obj, After: Hex(p.after), First: Hex(first.Zxid), Last: Hex(last.Zxid),
		Entries: len(p.entries), FirstTime: p.first, LatestTime: p.latest,
		LastSHA256: entrySum(last), Created: a.repo.now(), Source: a.from.String(),
	}
	if err := a.repo.writeManifest(ctx, name+suffixJSON, segment); err != nil {
		return err
	}
	a.after, a.lastSum = last.Zxid, segment.LastSHA256
	a.made = append(a.made, segment)
	return nil
}

func (p *piece) write(w io.Writer) error {
	b := appendLogHeader(nil)
	for _, e := range p.entries {
		b = appendLogEntry(b, e)
		if _, err := w.Write(b); err != nil {
			return err
		}
		b = b[:0]
	}
	return nil
}
