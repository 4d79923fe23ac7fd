package backup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// partBytes is how much of a stream of unknown length is one part of an upload; with
// the 10,000 parts that there may be, an object can have 156 GiB.
const partBytes = 16 << 20

// smallBytes is what is held in memory to learn whether there is more.
const smallBytes = 1 << 20

// Bucket is a Target in a bucket of an S3-compatible store.
type Bucket struct {
	client       *minio.Client
	name, prefix string
}

// BucketOptions say where a bucket is.
type BucketOptions struct {
	// Endpoint is the store's URL; "" means AWS.
	Endpoint, Region string
	// Credentials nil means those of the environment, of the AWS files, or of the
	// machine's role.
	Credentials *credentials.Credentials
	// Transport nil means the default.
	Transport http.RoundTripper
}

// OpenBucket opens s3://bucket/prefix. It does not look whether it is there.
func OpenBucket(at string, opts BucketOptions) (*Bucket, error) {
	u, err := url.Parse(at)
	if err != nil || u.Scheme != "s3" || u.Host == "" {
		return nil, fmt.Errorf("%q: want s3://BUCKET or s3://BUCKET/PREFIX", at)
	}
	if opts.Endpoint == "" {
		opts.Endpoint = "https://s3.amazonaws.com"
	}
	endpoint, err := url.Parse(opts.Endpoint)
	if err != nil || endpoint.Scheme != "http" && endpoint.Scheme != "https" ||
		endpoint.Host == "" || strings.Trim(endpoint.Path, "/") != "" {
		return nil, fmt.Errorf("endpoint %q: want http:// or https://, HOST, and maybe :PORT",
			opts.Endpoint)
	}
	if opts.Credentials == nil {
		opts.Credentials = credentials.NewChainCredentials([]credentials.Provider{
			&credentials.EnvAWS{}, &credentials.FileAWSCredentials{}, &credentials.IAM{}})
	}
	client, err := minio.New(endpoint.Host, &minio.Options{
		Creds: opts.Credentials, Secure: endpoint.Scheme == "https", Region: opts.Region,
		Transport: opts.Transport,
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", at, err)
	}
	return &Bucket{client, u.Host, strings.Trim(u.Path, "/")}, nil
}

// String is the bucket's URL.
func (b *Bucket) String() string { return "s3://" + path.Join(b.name, b.prefix) }

func (b *Bucket) key(key string) string {
	if b.prefix == "" {
		return key
	}
	return b.prefix + "/" + key
}

// Put implements Target. An upload that fails is aborted, and nothing has its name.
// What is small goes in one request; only what is larger needs an upload in parts.
func (b *Bucket) Put(ctx context.Context, key string, r io.Reader) error {
	options := minio.PutObjectOptions{
		PartSize: partBytes, ContentType: "application/octet-stream"}
	r = untilDone{ctx, r}
	start, err := io.ReadAll(io.LimitReader(r, smallBytes))
	if err != nil {
		return err
	}
	size := int64(len(start))
	var body io.Reader = bytes.NewReader(start)
	if size == smallBytes {
		body, size = readerOnly{io.MultiReader(body, r)}, -1
	}
	_, err = b.client.PutObject(ctx, b.name, b.key(key), body, size, options)
	return b.explain(err)
}

// Get implements Target.
func (b *Bucket) Get(ctx context.Context, key string) (io.ReadCloser, error) {
	object, err := b.client.GetObject(ctx, b.name, b.key(key), minio.GetObjectOptions{})
	if err != nil {
		return nil, b.explain(err)
	}
	if _, err := object.Stat(); err != nil {
		return nil, errors.Join(b.explain(err), object.Close())
	}
	return object, nil
}

// List implements Target.
func (b *Bucket) List(ctx context.Context, prefix string) ([]string, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	top := b.key("")
	var keys []string
	for o := range b.client.ListObjects(ctx, b.name, minio.ListObjectsOptions{
		Prefix: b.key(prefix), Recursive: false}) {
		if o.Err != nil {
			return nil, fmt.Errorf("list %s: %w", b, b.explain(o.Err))
		}
		keys = append(keys, strings.TrimPrefix(o.Key, top))
	}
	slices.Sort(keys)
	return keys, nil
}

// explain gives the store's errors the meaning that they have here.
func (b *Bucket) explain(err error) error {
	if err == nil {
		return nil
	}
	switch minio.ToErrorResponse(err).Code {
	case "NoSuchKey":
		return fmt.Errorf("%w: %w", fs.ErrNotExist, err)
	case "NoSuchBucket":
		return fmt.Errorf("%s: make the bucket first: %w", b, err)
	case "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch":
		return fmt.Errorf("%s: check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: %w", b, err)
	}
	return err
}
