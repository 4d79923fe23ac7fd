package adler_test

import (
	"hash/adler32"
	"math/rand/v2"
	"testing"

	"zoo/internal/disk/adler"
)

// Whatever the bytes are, however long, and however they were cut: the sum is that of the
// standard library. Full bytes come near to what the lanes and the halves can hold.
func TestSumsAreThoseOfTheStandardLibrary(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	full, mixed := make([]byte, 5<<20), make([]byte, 5<<20)
	for i := range full {
		full[i], mixed[i] = 0xff, byte(random.Uint32())
	}
	check := func(p []byte, cut int) {
		t.Helper()
		got := adler.New.Add(p[:cut]).Add(p[cut:])
		if want := adler32.Checksum(p); uint32(got) != want {
			t.Fatalf("%d bytes, cut at %d: %#x, not %#x", len(p), cut, got, want)
		}
	}
	for _, p := range [][]byte{full, mixed, make([]byte, 1000)} {
		for n := range min(len(p), 600) {
			check(p[:n], random.IntN(n+1))
		}
		for range 50 {
			p := p[:random.IntN(len(p))]
			check(p, random.IntN(len(p)+1))
		}
		check(p, 0)
	}
}

func FuzzSum(f *testing.F) {
	f.Add([]byte("a\xff"), uint16(1))
	f.Fuzz(func(t *testing.T, p []byte, cut uint16) {
		at := min(int(cut), len(p))
		got := adler.New.Add(p[:at]).Add(p[at:])
		if want := adler32.Checksum(p); uint32(got) != want {
			t.Fatalf("%#x, not %#x", got, want)
		}
	})
}

func benchmarkSum(b *testing.B, n int, sum func([]byte) uint32) {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i * 7)
	}
	b.SetBytes(int64(n))
	for b.Loop() {
		sum(p)
	}
}

func ours(p []byte) uint32 { return uint32(adler.Checksum(p)) }

func BenchmarkEntry(b *testing.B)         { benchmarkSum(b, 250, ours) }
func BenchmarkEntryStandard(b *testing.B) { benchmarkSum(b, 250, adler32.Checksum) }
func BenchmarkBatch(b *testing.B)         { benchmarkSum(b, 64<<10, ours) }
func BenchmarkBatchStandard(b *testing.B) { benchmarkSum(b, 64<<10, adler32.Checksum) }
