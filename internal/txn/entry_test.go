package txn_test

import (
	"bytes"
	"errors"
	"reflect"
	"testing"

	"zoo"
	"zoo/internal/check/alloc"
	"zoo/internal/jute"
	"zoo/internal/jute/jutetest"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

var (
	aHeader = txn.Header{Session: 5, Cxid: 6, Zxid: 0x700000008, Time: 9, Type: wire.OpSetData}
	aRecord = txn.SetDataTxn{Path: "/a", Data: data, Version: 2}
	aDigest = txn.Digest{Version: txn.DigestVersion, Tree: 0x1122334455667788}

	aHeaderBytes = jutetest.Raw(bytesOf(i8(5), i4(6), i8(0x700000008), i8(9), i4(5)))
	aRecordBytes = jutetest.Raw(bytesOf("/a", data, i4(2)))
	aDigestBytes = jutetest.Raw(bytesOf(i4(2), i8(0x1122334455667788)))
)

func TestAnEntryIsHeaderRecordAndDigest(t *testing.T) {
	var builder txn.Builder
	for name, c := range map[string]struct {
		record jute.Record
		digest *txn.Digest
		want   []byte
	}{
		"all":       {&aRecord, &aDigest, bytesOf(aHeaderBytes, aRecordBytes, aDigestBytes)},
		"no digest": {&aRecord, nil, bytesOf(aHeaderBytes, aRecordBytes)},
		"no record": {nil, nil, aHeaderBytes},
	} {
		built := builder.Build(aHeader, c.record, c.digest)
		for _, e := range []txn.Entry{built, txn.NewEntry(aHeader, c.record, c.digest)} {
			if !bytes.Equal(e.Bytes, c.want) || e.Zxid != aHeader.Zxid {
				t.Errorf("%s: entry %v is %x, want %x", name, e.Zxid, e.Bytes, c.want)
			}
		}
	}
}

func TestABuilderDoesNotTouchWhatItBuilt(t *testing.T) {
	var builder txn.Builder
	first := builder.Build(aHeader, &aRecord, &aDigest)
	before := bytes.Clone(first.Bytes)
	builder.Build(txn.Header{Zxid: 99}, &txn.DeleteTxn{Path: "/another/path"}, nil)
	if !bytes.Equal(first.Bytes, before) {
		t.Fatal("the second entry changed the first")
	}
}

func TestABuilderAllocatesOnlyTheEntry(t *testing.T) {
	var builder txn.Builder
	builder.Build(aHeader, &aRecord, &aDigest)
	n := testing.AllocsPerRun(10, func() { builder.Build(aHeader, &aRecord, &aDigest) })
	if n != 1 {
		t.Fatalf("%v allocations", n)
	}
}

func TestAParsedEntryOpensToItsParts(t *testing.T) {
	b := bytesOf(aHeaderBytes, aRecordBytes, aDigestBytes)
	e, err := txn.ParseEntry(b)
	if err != nil || e.Zxid != aHeader.Zxid || &e.Bytes[0] != &b[0] {
		t.Fatalf("parsed %+v, %v", e, err)
	}
	if h, err := e.Header(); h != aHeader || err != nil {
		t.Fatalf("header is %+v, %v", h, err)
	}
	h, d := e.Open()
	var r txn.SetDataTxn
	r.DecodeFrom(&d)
	digest, present := txn.DecodeDigest(&d)
	if h != aHeader || !reflect.DeepEqual(r, aRecord) || digest != aDigest || !present {
		t.Fatalf("opened to %+v, %+v, %+v", h, r, digest)
	}
	if got := txn.AppendDigest(nil, aDigest.Tree); !bytes.Equal(got, aDigestBytes) {
		t.Fatalf("digest is %x", got)
	}
}

func TestTheDigestMayBeAbsent(t *testing.T) {
	e := txn.NewEntry(aHeader, &aRecord, nil)
	h, r, digest, err := e.Decode()
	if h != aHeader || !reflect.DeepEqual(r, &aRecord) || digest != nil || err != nil {
		t.Fatalf("decoded %+v, %+v, %+v, %v", h, r, digest, err)
	}
}

func TestDamagedEntriesAreRefused(t *testing.T) {
	if _, err := txn.ParseEntry(aHeaderBytes[:31]); !errors.Is(err, jute.ErrTruncated) {
		t.Errorf("a cut header gives %v", err)
	}
	unknown := jutetest.Raw(bytesOf(i8(5), i4(6), i8(7), i8(8), i4(4)))
	for name, c := range map[string]struct {
		in   []byte
		want error
	}{
		"cut header":   {aHeaderBytes[:31], jute.ErrTruncated},
		"cut record":   {bytesOf(aHeaderBytes, aRecordBytes[:9]), jute.ErrTruncated},
		"cut digest":   {bytesOf(aHeaderBytes, aRecordBytes, aDigestBytes[:8]), jute.ErrTruncated},
		"unknown type": {unknown, txn.ErrType},
	} {
		if _, _, _, err := (txn.Entry{Bytes: c.in}).Decode(); !errors.Is(err, c.want) {
			t.Errorf("%s gives %v, want %v", name, err, c.want)
		}
	}
}

func TestEveryTypeOfTransactionHasItsRecord(t *testing.T) {
	for op, want := range map[wire.Op]jute.Record{
		wire.OpCreateSession: &txn.CreateSessionTxn{}, wire.OpCloseSession: &txn.CloseSessionTxn{},
		wire.OpCreate: &txn.CreateTxn{}, wire.OpCreate2: &txn.CreateTxn{},
		wire.OpCreateTTL: &txn.CreateTTLTxn{}, wire.OpCreateContainer: &txn.CreateContainerTxn{},
		wire.OpDelete: &txn.DeleteTxn{}, wire.OpDeleteContainer: &txn.DeleteTxn{},
		wire.OpSetData: &txn.SetDataTxn{}, wire.OpReconfig: &txn.SetDataTxn{},
		wire.OpSetACL: &txn.SetACLTxn{}, wire.OpCheck: &txn.CheckVersionTxn{},
		wire.OpError: &txn.ErrorTxn{}, wire.OpMulti: &txn.MultiTxn{},
	} {
		got, err := txn.NewRecord(op)
		if err != nil || reflect.TypeOf(got) != reflect.TypeOf(want) {
			t.Errorf("%v gives %T, %v", op, got, err)
		}
	}
}

func FuzzEntry(f *testing.F) {
	header := func(op wire.Op) jutetest.Raw {
		h := txn.Header{Session: 5, Cxid: 6, Zxid: zoo.MakeZxid(7, 8), Time: 9, Type: op}
		return h.AppendTo(nil)
	}
	f.Add(bytesOf(aHeaderBytes, aRecordBytes, aDigestBytes))
	f.Add(bytesOf(header(wire.OpCreate), "/a", data, anACLBytes, true))
	f.Add(bytesOf(header(wire.OpCreate2), "/a", data, anACLBytes, true, i4(3), aDigestBytes))
	f.Add(bytesOf(header(wire.OpCreateTTL), "/a", nil, nil, i4(3), i8(1000)))
	f.Add(bytesOf(header(wire.OpCloseSession), aDigestBytes))
	f.Add(bytesOf(header(wire.OpCloseSession), i4(2), "/a", "/b", aDigestBytes))
	f.Add(bytesOf(header(wire.OpMulti), i4(2), i4(2), bytesOf("/a"), i4(-1), bytesOf(i4(-2))))
	f.Add(bytesOf(header(wire.OpError), i4(-101)))
	f.Fuzz(fuzzEntry)
}

// fuzzEntry checks that an entry we accept is stable once we have encoded it.
func fuzzEntry(t *testing.T, b []byte) {
	alloc.Bounded(t, len(b), func() {
		if e, err := txn.ParseEntry(b); err == nil {
			_, _, _, _ = e.Decode()
		}
	})
	e, err := txn.ParseEntry(b)
	if err != nil {
		return
	}
	h, r, digest, err := e.Decode()
	if err != nil {
		return
	}
	once := txn.NewEntry(h, r, digest)
	h2, r2, digest2, err := once.Decode()
	if err != nil || h2 != h || (digest == nil) != (digest2 == nil) {
		t.Fatalf("%x became %x: %+v, %v", b, once.Bytes, h2, err)
	}
	if again := txn.NewEntry(h2, r2, digest2); !bytes.Equal(once.Bytes, again.Bytes) {
		t.Fatalf("%x became %x", once.Bytes, again.Bytes)
	}
}

func anUpdate() txn.SetDataTxn {
	return txn.SetDataTxn{
		Path: "/services/web/instance-17", Data: make([]byte, 100), Version: 2}
}

func BenchmarkBuild(b *testing.B) {
	var builder txn.Builder
	record := anUpdate()
	b.ReportAllocs()
	for b.Loop() {
		builder.Build(aHeader, &record, &aDigest)
	}
}

func BenchmarkOpenAndDecode(b *testing.B) {
	record := anUpdate()
	e := txn.NewEntry(aHeader, &record, &aDigest)
	b.ReportAllocs()
	for b.Loop() {
		_, d := e.Open()
		if record.DecodeFrom(&d); d.Err() != nil {
			b.Fatal(d.Err())
		}
	}
}
