package backup

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"time"

	"zoo"
)

// ErrNoRepository means that a target holds none.
var ErrNoRepository = errors.New("no backup repository")

// ErrRecipients means that a repository is encrypted for others than was said.
var ErrRecipients = errors.New("the keys are not the repository's")

// Repository is an open repository. It is used by one goroutine; several programs
// may add to it and read it at once.
type Repository struct {
	Target Target
	Keys   Keys
	Mark   Mark
	// Now is the clock; nil means the system's.
	Now func() time.Time

	work     work // how far it has come
	unmarked bool // there is nothing yet; the first object comes with the mark
}

// Open opens an existing repository.
func Open(ctx context.Context, target Target, keys Keys) (*Repository, error) {
	r := &Repository{Target: target, Keys: keys}
	err := r.readManifest(ctx, markName, &r.Mark)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w; zoo backup create makes one", target, ErrNoRepository)
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", target, err)
	}
	if r.Mark.Format != formatName || r.Mark.Version != formatVersion {
		return nil, fmt.Errorf("open %s: it is %q, version %d; this program knows %q, version %d",
			target, r.Mark.Format, r.Mark.Version, formatName, formatVersion)
	}
	return r, nil
}

// OpenOrInit opens a repository to write to it, or makes it. A new one is there with its
// first object: nothing is left of a source that could not be read.
func OpenOrInit(ctx context.Context, target Target, keys Keys) (*Repository, error) {
	r, err := Open(ctx, target, keys)
	if errors.Is(err, ErrNoRepository) {
		return initialize(ctx, target, keys)
	}
	if err != nil {
		return nil, err
	}
	return r, r.checkRecipients()
}

// checkRecipients refuses to mix: nobody finds out before the restore. The keys are
// not taken from the mark, because whoever can write there could add his own.
func (r *Repository) checkRecipients() error {
	given := r.Keys.names()
	if slices.Equal(given, r.Mark.Recipients) {
		return nil
	}
	want := "none: it is not encrypted"
	if len(r.Mark.Recipients) > 0 {
		want = strings.Join(r.Mark.Recipients, ", ")
	}
	return fmt.Errorf("%s: %w: it is for %s; give exactly these with --recipient",
		r.Target, ErrRecipients, want)
}

func (k Keys) names() []string {
	var names []string
	for _, r := range k.Recipients {
		if named, ok := r.(fmt.Stringer); ok {
			names = append(names, named.String())
		}
	}
	slices.Sort(names)
	return names
}

func initialize(ctx context.Context, target Target, keys Keys) (*Repository, error) {
	found, err := target.List(ctx, "")
	if err != nil {
		return nil, err
	}
	if len(found) > 0 {
		return nil, fmt.Errorf("%s is not empty and no backup repository: it has %s",
			target, found[0])
	}
	r := &Repository{Target: target, Keys: keys, unmarked: true}
	r.Mark = Mark{
		Format: formatName, Version: formatVersion, ID: randomHex(8),
		Created: r.now(), Recipients: keys.names(),
	}
	return r, nil
}

// randomHex is a name that nobody else has chosen, of n random bytes.
func randomHex(n int) string {
	b := make([]byte, n)
	rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// mark says before the first object what the repository is. Another program may have
// made it meanwhile.
func (r *Repository) mark(ctx context.Context) error {
	if !r.unmarked {
		return nil
	}
	other, err := Open(ctx, r.Target, r.Keys)
	switch {
	case err == nil:
		r.Mark = other.Mark
		err = r.checkRecipients()
	case errors.Is(err, ErrNoRepository):
		err = r.writeManifest(ctx, markName, r.Mark)
	}
	r.unmarked = err != nil
	return err
}

func (r *Repository) now() time.Time {
	if r.Now != nil {
		return r.Now().UTC()
	}
	return time.Now().UTC()
}

// Sealed tells whether the repository is encrypted.
func (r *Repository) Sealed() bool { return len(r.Mark.Recipients) > 0 }

func (r *Repository) writeManifest(ctx context.Context, key string, v any) error {
	b, err := encodeManifest(v)
	if err != nil {
		return err
	}
	if err := r.Target.Put(ctx, key, bytes.NewReader(b)); err != nil {
		return fmt.Errorf("write %s: %w", key, err)
	}
	return nil
}

func (r *Repository) readManifest(ctx context.Context, key string, v any) error {
	f, err := r.Target.Get(ctx, key)
	if err != nil {
		return err
	}
	b, err := io.ReadAll(io.LimitReader(f, manifestBytesMax))
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("read %s: %w", key, err)
	}
	return decodeManifest(key, b, v)
}

// Catalog is what a repository holds.
type Catalog struct {
	Bases    []Base    // by zxid
	Segments []Segment // by first zxid
	Head     Head
	// Damaged are the manifests that cannot be read.
	Damaged []error
}

// Catalog reads all manifests.
func (r *Repository) Catalog(ctx context.Context) (Catalog, error) {
	var c Catalog
	err := r.readManifest(ctx, headName, &c.Head)
	if damaged := asDamage(err); damaged {
		c.Damaged = append(c.Damaged, err)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return c, err
	}
	bases, err := load[Base](ctx, r, basePrefix, &c.Damaged)
	if err != nil {
		return c, err
	}
	segments, err := load[Segment](ctx, r, logPrefix, &c.Damaged)
	if err != nil {
		return c, err
	}
	c.Bases, c.Segments = bases, segments
	slices.SortFunc(c.Bases, func(a, b Base) int { return cmp.Compare(a.Zxid, b.Zxid) })
	slices.SortFunc(c.Segments, func(a, b Segment) int {
		return cmp.Or(cmp.Compare(a.First, b.First), cmp.Compare(a.Last, b.Last))
	})
	return c, nil
}

// described is a manifest that can be held against its own name.
type described interface{ check(name string) error }

// loadersMax is how many manifests are asked for at once.
const loadersMax = 16

// load reads the manifests below prefix, and passes over damaged ones.
func load[T any](ctx context.Context, r *Repository, prefix string, bad *[]error) ([]T, error) {
	keys, err := r.Target.List(ctx, prefix)
	if err != nil {
		return nil, err
	}
	keys = slices.DeleteFunc(keys, func(key string) bool {
		return !strings.HasSuffix(key, suffixJSON)
	})
	read, errs := make([]T, len(keys)), make([]error, len(keys))
	var group sync.WaitGroup
	for worker := range min(loadersMax, len(keys)) {
		group.Go(func() {
			for i := worker; i < len(keys); i += loadersMax {
				if errs[i] = r.readManifest(ctx, keys[i], &read[i]); errs[i] == nil {
					name := strings.TrimSuffix(keys[i], suffixJSON)
					errs[i] = any(&read[i]).(described).check(name)
				}
			}
		})
	}
	group.Wait()
	whole := []T{}
	for i, err := range errs {
		switch {
		case err == nil:
			whole = append(whole, read[i])
		case asDamage(err):
			*bad = append(*bad, err)
		default:
			return nil, err
		}
	}
	return whole, nil
}

func (o Object) check(name string) error {
	copied, ours := strings.CutPrefix(o.Key, name)
	id, _, suffixed := strings.Cut(copied, ".")
	ours = ours && suffixed && !strings.ContainsAny(id, "/\\") &&
		(copied == id+suffixPlain || copied == id+suffixSealed)
	if !ours || o.Bytes < 0 {
		return damage(name+suffixJSON, "the manifest of "+name, fmt.Sprintf("that of %q", o.Key))
	}
	return nil
}

func (b *Base) check(name string) error {
	if name != baseName(zoo.Zxid(b.Zxid)) || b.ConsistentFrom < b.Zxid {
		return damage(name+suffixJSON, "the manifest of a base",
			fmt.Sprintf("zxids %v and %v", zoo.Zxid(b.Zxid), zoo.Zxid(b.ConsistentFrom)))
	}
	return b.Object.check(name)
}

func (s *Segment) check(name string) error {
	first, last, after := zoo.Zxid(s.First), zoo.Zxid(s.Last), zoo.Zxid(s.After)
	if name != segmentName(first, last) || !first.Follows(after) || last < first || s.Entries < 1 {
		return damage(name+suffixJSON, "the manifest of a segment",
			fmt.Sprintf("%d entries, %v to %v after %v", s.Entries, first, last, after))
	}
	return s.Object.check(name)
}

// epoch is the highest epoch of anything in the repository.
func (c Catalog) epoch() zoo.Epoch {
	var highest zoo.Epoch
	for _, b := range c.Bases {
		highest = max(highest, zoo.Zxid(b.Zxid).Epoch(), zoo.Zxid(b.ConsistentFrom).Epoch())
	}
	for _, s := range c.Segments {
		highest = max(highest, zoo.Zxid(s.Last).Epoch())
	}
	return highest
}
