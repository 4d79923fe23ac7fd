package browser

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"zoo"
	"zoo/client"
)

// bodyBytesMax bounds what a caller sends: data of 1 MiB in base64, and some more. The server has
// its own bound (jute.maxbuffer).
const bodyBytesMax = 2 << 20

// change is what a caller wants to have changed.
type change struct {
	Path string `json:"path"`
	// Version is the one that the caller has seen: of the data, or of the ACL.
	Version *int32 `json:"version"`
	// Data is in base64.
	Data []byte    `json:"data"`
	ACL  []aclLine `json:"acl"`
	// Mode and TTL are those of a new znode.
	Mode string `json:"mode"`
	TTL  int64  `json:"ttl_ms"`
}

// modes are those of znodes that stay when the console has gone.
var modes = map[string]zoo.CreateMode{
	"persistent": zoo.Persistent, "sequential": zoo.PersistentSequential,
	"container": zoo.Container, "ttl": zoo.PersistentTTL,
	"ttl_sequential": zoo.PersistentSequentialTTL,
}

// read takes the body.
func (q *question) read() (*change, error) {
	decoder := json.NewDecoder(io.LimitReader(q.Body, bodyBytesMax))
	decoder.DisallowUnknownFields()
	var c change
	if err := decoder.Decode(&c); err != nil {
		return nil, badRequest("the body is not what is wanted: " + err.Error())
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, badRequest("the body goes on behind its end, or is too long")
	}
	return &c, nil
}

// seen takes the body, which must tell the version that the caller has seen: nobody shall
// overwrite what he does not know.
func (q *question) seen() (*change, error) {
	c, err := q.read()
	if err == nil && (c.Version == nil || *c.Version < 0) {
		err = badRequest("version: want the one that you have seen")
	}
	return c, err
}

// note tells the server's log who has changed what. The data is nobody's business there.
func (q *question) note(what, path string, err error) {
	attrs := []any{"operation", what, "path", path, "client", q.caller.Host,
		"session", q.client.SessionID().String()}
	if err != nil {
		attrs = append(attrs, "error", err)
	}
	q.browser.cfg.Log.Info("change by the console", attrs...)
}

type changedLine struct {
	Path string `json:"path"`
}

func set(ctx context.Context, q *question) (any, error) {
	c, err := q.seen()
	if err != nil {
		return nil, err
	}
	_, err = q.client.Set(ctx, c.Path, c.Data, *c.Version)
	q.note("setData", c.Path, err)
	return changedLine{c.Path}, err
}

// remove deletes a znode.
func remove(ctx context.Context, q *question) (any, error) {
	c, err := q.seen()
	if err != nil {
		return nil, err
	}
	err = q.client.Delete(ctx, c.Path, *c.Version)
	q.note("delete", c.Path, err)
	return changedLine{c.Path}, err
}

func setACL(ctx context.Context, q *question) (any, error) {
	c, err := q.seen()
	if err != nil {
		return nil, err
	}
	acl, err := parseACL(c.ACL)
	if err != nil {
		return nil, err
	}
	_, err = q.client.SetACL(ctx, c.Path, acl, *c.Version)
	q.note("setACL", c.Path, err)
	return changedLine{c.Path}, err
}

func create(ctx context.Context, q *question) (any, error) {
	c, err := q.read()
	if err != nil {
		return nil, err
	}
	mode, known := modes[c.Mode]
	switch {
	case !known:
		return nil, badRequest("mode: want persistent, sequential, container, ttl or " +
			"ttl_sequential")
	case mode.IsTTL() && (c.TTL < 1 || c.TTL > zoo.TTLMax):
		return nil, badRequest(fmt.Sprintf("ttl_ms: want 1 to %d", zoo.TTLMax))
	case !mode.IsTTL() && c.TTL != 0:
		return nil, badRequest("ttl_ms: only modes with a time to live have one")
	}
	opts := client.CreateOptions{Mode: mode, TTLMillis: c.TTL}
	if c.ACL != nil {
		if opts.ACL, err = parseACL(c.ACL); err != nil {
			return nil, err
		}
	}
	path, err := q.client.Create(ctx, c.Path, c.Data, opts)
	if err != nil {
		path = c.Path
	}
	q.note("create", path, err)
	return changedLine{path}, err
}

// parseACL reads a list as it is shown.
func parseACL(lines []aclLine) ([]zoo.ACL, error) {
	if len(lines) == 0 {
		return nil, badRequest("acl: want one line or more")
	}
	var list []zoo.ACL
	for _, l := range lines {
		var perms zoo.Perms
		for _, letter := range l.Perms {
			perm := zoo.PermOf(letter)
			if perm == 0 {
				return nil, badRequest("perms: want some of cdrwa, not " + l.Perms)
			}
			perms |= perm
		}
		if perms == 0 || strings.TrimSpace(l.Scheme) == "" {
			return nil, badRequest("acl: each line wants a scheme and permissions")
		}
		list = append(list, zoo.ACL{Perms: perms, ID: zoo.ID{Scheme: l.Scheme, ID: l.ID}})
	}
	return list, nil
}
