package backup_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"zoo/internal/disk/backup"
	"zoo/internal/disk/vfs"
)

// bucket opens a bucket of a store in this process.
func bucket(t *testing.T, at string) *backup.Bucket {
	t.Helper()
	backend := s3mem.New()
	must(t, backend.CreateBucket("vault"))
	server := httptest.NewTLSServer(gofakes3.New(backend).Server())
	t.Cleanup(server.Close)
	b, err := backup.OpenBucket(at, backup.BucketOptions{
		Endpoint: server.URL, Region: "us-east-1",
		Transport:   server.Client().Transport,
		Credentials: credentials.NewStaticV4("key", "secret", ""),
	})
	must(t, err)
	return b
}

// Every kind of target keeps objects whole, replaces them, and lists what is there.
func TestTargetsKeepObjects(t *testing.T) {
	for name, target := range map[string]backup.Target{
		"directory":       backup.Dir{FS: vfs.NewMem(), Path: "/vault"},
		"bucket":          bucket(t, "s3://vault"),
		"bucket's prefix": bucket(t, "s3://vault/some/where"),
	} {
		t.Run(name, func(t *testing.T) { keepsObjects(t, target) })
	}
}

func keepsObjects(t *testing.T, target backup.Target) {
	large := bytes.Repeat([]byte("0123456789abcdef"), 20<<20/16)
	if keys, err := target.List(t.Context(), ""); err != nil || len(keys) > 0 {
		t.Fatalf("before anything it has %q: %v", keys, err)
	}
	for _, content := range [][]byte{large, {}, []byte("small")} {
		must(t, target.Put(t.Context(), "log/b", bytes.NewReader(content)))
		f, err := target.Get(t.Context(), "log/b")
		must(t, err)
		got, err := io.ReadAll(f)
		must(t, err)
		must(t, f.Close())
		if !bytes.Equal(got, content) {
			t.Fatalf("wrote %d bytes, read %d others", len(content), len(got))
		}
	}
	must(t, target.Put(t.Context(), "log/a", strings.NewReader("a")))
	must(t, target.Put(t.Context(), "bases/c", strings.NewReader("c")))
	keys, err := target.List(t.Context(), "log/")
	if err != nil || !slices.Equal(keys, []string{"log/a", "log/b"}) {
		t.Fatalf("it lists %q: %v", keys, err)
	}
	if _, err := target.Get(t.Context(), "log/none"); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("what is not there: %v", err)
	}
	broken := errors.New("the source broke")
	half := io.MultiReader(bytes.NewReader(large), failing{broken})
	if err := target.Put(t.Context(), "log/c", half); !errors.Is(err, broken) {
		t.Fatalf("half an object: %v", err)
	}
	if _, err := target.Get(t.Context(), "log/c"); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("half an object has a name: %v", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// A whole life of a repository in a bucket.
func TestABucketHoldsARepository(t *testing.T) {
	w := newWorld(t)
	r, err := backup.OpenOrInit(t.Context(), bucket(t, "s3://vault/zoo"), backup.Keys{})
	must(t, err)
	w.grow(50)
	_, err = r.Create(t.Context(), w.source())
	must(t, err)
	w.grow(50)
	_, err = r.Archive(t.Context(), w.source(), 0)
	must(t, err)
	again, err := backup.Open(t.Context(), r.Target, backup.Keys{})
	must(t, err)
	got := replay(t, again, backup.Point{Zxid: w.log[77].Zxid})
	if got.Tree.Fingerprint() != w.prints[got.Zxid] || got.Zxid != w.log[77].Zxid {
		t.Fatalf("restored another tree, of %v", got.Zxid)
	}
}

// What cannot be the address of a bucket is refused with what it should look like.
func TestAddressesOfBucketsAreChecked(t *testing.T) {
	for _, at := range []string{"s3://", "s3:///x", "gs://b/x", "b"} {
		if _, err := backup.OpenBucket(at, backup.BucketOptions{}); err == nil {
			t.Errorf("%q was taken for a bucket", at)
		}
	}
	for _, endpoint := range []string{"127.0.0.1:9000", "ftp://h", "http://h/path"} {
		_, err := backup.OpenBucket("s3://b", backup.BucketOptions{Endpoint: endpoint})
		if err == nil {
			t.Errorf("%q was taken for an endpoint", endpoint)
		}
	}
}
