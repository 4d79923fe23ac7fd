package server

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"zoo/internal/core/tree"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

// Digests that differ are told of while they are few, and counted all.
func TestDigestsThatDifferAreToldNowAndThen(t *testing.T) {
	var text bytes.Buffer
	s := &Server{log: slog.New(slog.NewTextHandler(&text, nil)), meters: newMeters()}
	l := &loop{server: s}
	l.exec.tree = tree.New()
	for range 100 {
		l.measure(&tree.Result{DigestDiffers: true, HasDigest: true, Foretold: 0xabc,
			Header: txn.Header{Zxid: 0x100000007, Type: wire.OpCreate}})
	}
	lines := strings.Split(strings.TrimSpace(text.String()), "\n")
	if n := s.meters.disk.mismatches.Count(); n != 100 || len(lines) != 7 {
		t.Fatalf("%d counted, %d lines:\n%s", n, len(lines), &text)
	}
	for _, want := range []string{"level=WARN", "zxid=0x100000007", "op=create",
		"foretold=0xabc", "count=64"} {
		if !strings.Contains(lines[6], want) {
			t.Errorf("%s is not in %s", want, lines[6])
		}
	}
}

// A server with digest.enabled=false compares nothing, as Java's does: its snapshots would
// not say from where on digests count.
func TestNothingIsComparedWithDigestsOff(t *testing.T) {
	var text bytes.Buffer
	s := &Server{log: slog.New(slog.NewTextHandler(&text, nil)), meters: newMeters()}
	s.cfg.Undigested = true
	l := &loop{server: s}
	l.exec.tree = tree.New()
	l.measure(&tree.Result{DigestDiffers: true, HasDigest: true})
	if n := s.meters.disk.mismatches.Count(); n != 0 || text.Len() > 0 {
		t.Fatalf("%d counted:\n%s", n, &text)
	}
}
