package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"

	"zoo/internal/disk/vfs"
)

// windowBytesMax bounds what an object can make its reader remember.
const windowBytesMax = 64 << 20

// Keys are what a repository is encrypted for, and read with.
type Keys struct {
	Recipients []age.Recipient
	Identities []age.Identity
}

func (k Keys) suffix() string {
	if len(k.Recipients) > 0 {
		return suffixSealed
	}
	return suffixPlain
}

// objectIDBytes make the objects of two programs differ that store the same history at
// the same time: each manifest names the object that it was written for.
const objectIDBytes = 4

// put stores what fill writes, compressed and encrypted, as a new object with a name
// that begins so.
func (r *Repository) put(
	ctx context.Context, name string, fill func(io.Writer) error,
) (Object, error) {
	if err := r.mark(ctx); err != nil {
		return Object{}, err
	}
	key := name + "-" + randomHex(objectIDBytes) + r.Keys.suffix()
	reader, writer := io.Pipe()
	sum := &summer{w: writer, sum: sha256.New()}
	filled := make(chan struct{})
	go func() {
		defer close(filled)
		writer.CloseWithError(seal(sum, r.Keys, fill))
	}()
	err := r.Target.Put(ctx, key, reader)
	reader.CloseWithError(err) // a target that gave up early must not leave the other end waiting
	<-filled
	if err != nil {
		return Object{}, fmt.Errorf("write %s: %w", key, err)
	}
	return Object{Key: key, Bytes: sum.n, SHA256: hex.EncodeToString(sum.sum.Sum(nil))}, nil
}

// seal puts what fill writes through zstd, and through age if there are keys.
func seal(to io.Writer, keys Keys, fill func(io.Writer) error) error {
	closers := []io.Closer{}
	if len(keys.Recipients) > 0 {
		sealed, err := age.Encrypt(to, keys.Recipients...)
		if err != nil {
			return fmt.Errorf("encrypt: %w", err)
		}
		to, closers = sealed, append(closers, sealed)
	}
	packed, err := zstd.NewWriter(to, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return err
	}
	if err := fill(packed); err != nil {
		packed.Reset(nil)
		return err
	}
	for _, c := range append([]io.Closer{packed}, closers...) {
		if err := c.Close(); err != nil {
			return err
		}
	}
	return nil
}

// summer counts and sums up what it passes on.
type summer struct {
	w   io.Writer
	sum hash.Hash
	n   int64
}

func (s *summer) Write(p []byte) (int, error) {
	n, err := s.w.Write(p)
	s.sum.Write(p[:n])
	s.n += int64(n)
	return n, err
}

// ErrKey means that the key is missing which an object is encrypted for.
var ErrKey = errors.New("no key for an encrypted repository")

// get opens an object for its plain text. The end of it comes only if the object
// is what its manifest says.
func (r *Repository) get(ctx context.Context, obj Object) (io.ReadCloser, error) {
	raw, err := r.openRaw(ctx, obj)
	if err != nil {
		return nil, err
	}
	var packed io.Reader = raw
	if r.Sealed() {
		if packed, err = unseal(raw, obj, r.Keys); err != nil {
			return nil, errors.Join(err, raw.Close())
		}
	}
	plain, err := zstd.NewReader(packed, zstd.WithDecoderConcurrency(1),
		zstd.WithDecoderMaxWindow(windowBytesMax))
	if err != nil {
		return nil, errors.Join(damage(obj.Key, "a zstd stream", err.Error()), raw.Close())
	}
	return &objectReader{key: obj.Key, plain: plain, raw: raw}, nil
}

func unseal(raw io.Reader, obj Object, keys Keys) (io.Reader, error) {
	if len(keys.Identities) == 0 {
		return nil, fmt.Errorf("%s: %w: give --identity", obj.Key, ErrKey)
	}
	packed, err := age.Decrypt(raw, keys.Identities...)
	var other *age.NoIdentityMatchError
	if errors.As(err, &other) {
		return nil, fmt.Errorf("%s: %w: it was encrypted for another", obj.Key, ErrKey)
	}
	if err != nil {
		return nil, damage(obj.Key, "an age file", err.Error())
	}
	return packed, nil
}

// rawReader reads an object as it is stored, and compares it with its manifest at
// its end.
type rawReader struct {
	io.ReadCloser
	obj Object
	sum hash.Hash
	n   int64
	err error
}

func (r *Repository) openRaw(ctx context.Context, obj Object) (*rawReader, error) {
	stored, err := r.Target.Get(ctx, obj.Key)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", obj.Key, missing(obj.Key, err))
	}
	counted := countedBody{stored, &r.work}
	return &rawReader{ReadCloser: counted, obj: obj, sum: sha256.New()}, nil
}

func (r *rawReader) Read(p []byte) (int, error) {
	if r.err != nil {
		return 0, r.err
	}
	n, err := r.ReadCloser.Read(p)
	r.sum.Write(p[:n])
	r.n += int64(n)
	if errors.Is(err, io.EOF) {
		err = r.compare()
	}
	r.err = err
	return n, err
}

func (r *rawReader) compare() error {
	if got := hex.EncodeToString(r.sum.Sum(nil)); got != r.obj.SHA256 || r.n != r.obj.Bytes {
		return damage(r.obj.Key,
			fmt.Sprintf("%d bytes with sha256 %s", r.obj.Bytes, r.obj.SHA256),
			fmt.Sprintf("%d bytes with %s", r.n, got))
	}
	return io.EOF
}

// drain reads the rest. What the stored bytes are counts more than what became of
// them on the way: it is the better explanation.
func (r *rawReader) drain() error {
	_, err := io.Copy(io.Discard, readerOnly{r})
	return err
}

type readerOnly struct{ io.Reader }

// objectReader is the plain text of an object.
type objectReader struct {
	key   string
	plain *zstd.Decoder
	raw   *rawReader
}

func (o *objectReader) Read(p []byte) (int, error) {
	n, err := o.plain.Read(p)
	if err == nil {
		return n, nil
	}
	if stored := o.raw.drain(); stored != nil {
		return n, stored
	}
	if !errors.Is(err, io.EOF) {
		return n, damage(o.key, "a zstd stream", err.Error())
	}
	return n, io.EOF
}

// Close ends the reading, whether or not the end was seen.
func (o *objectReader) Close() error {
	o.plain.Close()
	return o.raw.Close()
}

// missing takes an object for damage that a manifest names and that is not there.
func missing(key string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return damage(key, "the object that a manifest names", "none")
	}
	return err
}

// asDamage tells damage from what may be well the next time.
func asDamage(err error) bool {
	var corrupt *vfs.CorruptError
	return errors.As(err, &corrupt)
}
