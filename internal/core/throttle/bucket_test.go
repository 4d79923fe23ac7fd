package throttle

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

const never = 1 // chance that refuses nothing, for the share is below it

func TestABurstPassesAndThenTheRateOfTheFilling(t *testing.T) {
	b := New(Config{Tokens: 3, FillTime: time.Second, FillCount: 1, FreezeTime: -1}, 0)
	for i, want := range []bool{true, true, true, false} {
		if got := b.Take(0, 1, 0); got != want {
			t.Fatalf("connection %d of a burst: %v", i, got)
		}
	}
	if b.Take(999*time.Millisecond, 1, 0) {
		t.Fatal("a token before its time")
	}
	if !b.Take(time.Second, 1, 0) || b.Take(1900*time.Millisecond, 1, 0) {
		t.Fatal("a second is one token")
	}
	if !b.Take(2*time.Second, 1, 0) {
		t.Fatal("what remained of the last second was lost")
	}
	if b.Take(3*time.Second, 2, 0) || !b.Take(time.Hour, 3, 0) || b.Take(time.Hour, 1, 0) {
		t.Fatal("a cost above what is there, or a bucket above its size")
	}
}

func TestNoTokensMeansNoThrottle(t *testing.T) {
	b := New(Config{}, 0)
	for range 1000 {
		if !b.Take(0, 100, 0) {
			t.Fatal("refused")
		}
	}
}

// The plot: an empty bucket raises the chance of a refusal each freeze time; when the
// load is gone it falls back to nothing.
func TestTheChanceOfARefusalFollowsTheLoad(t *testing.T) {
	cfg := Config{Tokens: 1, FillTime: time.Hour, FillCount: 1,
		FreezeTime: 10 * time.Millisecond, Increase: 0.5, Decrease: 0.25}
	b := New(cfg, 0)
	b.Take(0, 1, never)
	for i, want := range []float64{0.5, 1, 1} {
		b.Take(time.Duration(i+1)*11*time.Millisecond, 1, never)
		if b.DropShare() != want {
			t.Fatalf("after %d freeze times: %v, want %v", i+1, b.DropShare(), want)
		}
	}
	now := 2 * time.Hour
	if b.Take(now, 1, 0.1) {
		t.Fatal("let through in spite of the chance")
	}
	for b.DropShare() > 0 {
		before := b.DropShare()
		now += 11 * time.Millisecond
		b.Take(now, 0, 0)
		if b.DropShare() >= before {
			t.Fatalf("the share stays at %v", before)
		}
	}
	if !b.Take(now, 1, 0) {
		t.Fatal("refused without load")
	}
}

// Whatever comes when: never more than the bucket and what was filled in since.
func TestNoMoreIsGivenThanWasFilledIn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := Config{
			Tokens:     rapid.IntRange(1, 50).Draw(t, "tokens"),
			FillTime:   time.Duration(rapid.IntRange(1, 1e8).Draw(t, "fill")),
			FillCount:  rapid.IntRange(1, 5).Draw(t, "count"),
			FreezeTime: -1,
		}
		b, now, given := New(cfg, 0), time.Duration(0), 0
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			now += time.Duration(rapid.IntRange(0, 3e8).Draw(t, "pause"))
			need := rapid.IntRange(1, 4).Draw(t, "need")
			if b.Take(now, need, 0) {
				given += need
			}
			if most := cfg.Tokens + int(now/cfg.FillTime)*cfg.FillCount; given > most {
				t.Fatalf("%d given by %v, at most %d were there", given, now, most)
			}
		}
	})
}
