package ask

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

const (
	// digestsTimeout bounds the question to one admin server, which may not be there.
	digestsTimeout = 3 * time.Second
	// digestsBytesMax bounds its answer; a server keeps about a thousand digests.
	digestsBytesMax = 1 << 20
)

// digestKey is of what a digest is.
type digestKey struct {
	Zxid    json.Number `json:"zxid"`
	Version json.Number `json:"digest_version"`
}

// digests compares what the admin servers tell of their trees in the past: the digest at
// some zxids, by the command hash. Those that do not answer are left out.
func (c *comparer) digests(ctx context.Context) {
	known := map[digestKey]string{}
	equal, differ := map[digestKey]bool{}, map[digestKey]bool{}
	for i := range c.targets {
		list, err := askDigests(ctx, &c.targets[i])
		if err != nil {
			continue
		}
		for key, digest := range list {
			other, ok := known[key]
			known[key] = digest
			if ok && other != digest {
				differ[key] = true
			}
			equal[key] = equal[key] || ok
		}
	}
	for key, twice := range equal {
		switch {
		case differ[key]:
			c.found.DigestsDiffer++
		case twice:
			c.found.Digests++
		}
	}
}

// askDigests asks one admin server. A digest is a number of 64 bits, which Java's may
// write with a sign.
func askDigests(ctx context.Context, t *Target) (map[digestKey]string, error) {
	url := t.Digests
	if url == "" {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, digestsTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	client := http.DefaultClient
	if t.DigestsTLS != nil {
		transport := &http.Transport{TLSClientConfig: t.DigestsTLS, DisableKeepAlives: true}
		client = &http.Client{Transport: transport}
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("ask %s: %s", url, response.Status)
	}
	var answer struct {
		Digests []struct {
			digestKey
			Digest json.Number `json:"digest"`
		} `json:"digests"`
	}
	body := json.NewDecoder(io.LimitReader(response.Body, digestsBytesMax))
	if err := body.Decode(&answer); err != nil {
		return nil, fmt.Errorf("ask %s: %w", url, err)
	}
	list := map[digestKey]string{}
	for _, d := range answer.Digests {
		list[d.digestKey] = unsigned(d.Digest)
	}
	return list, nil
}

// unsigned writes the same 64 bits without a sign.
func unsigned(n json.Number) string {
	if signed, err := n.Int64(); err == nil {
		return fmt.Sprint(uint64(signed))
	}
	return n.String()
}
