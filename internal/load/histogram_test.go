package load

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Against a sorted list: a quantile is never below the true one, and at most one
// part in 64 above it; merging is the same as recording into one.
func TestQuantilesAgreeWithASortedList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Int64Range(0, 1<<rapid.IntRange(1, 50).Draw(t, "bits")),
			1, 200).Draw(t, "values")
		var left, right Histogram
		for i, v := range values {
			half := &left
			if i%2 == 1 {
				half = &right
			}
			half.Record(time.Duration(v), 1)
		}
		left.Merge(&right)
		slices.Sort(values)
		if left.Count() != uint64(len(values)) || int64(left.Max()) != values[len(values)-1] {
			t.Fatalf("count %d, max %d", left.Count(), left.Max())
		}
		for _, q := range []float64{0, 0.5, 0.99, 1} {
			rank := min(max(int(q*float64(len(values))+0.5), 1), len(values))
			want := values[rank-1]
			got := int64(left.Quantile(q))
			if got < want || got > want+want/64 {
				t.Fatalf("quantile %v is %d, the list says %d", q, got, want)
			}
		}
	})
}

func TestEveryDurationFallsIntoABucketThatEndsAtOrAfterIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := time.Duration(rapid.Int64Min(0).Draw(t, "d"))
		b := bucketOf(d)
		if bucketEnd(b) < d || b > 0 && bucketEnd(b-1) >= d {
			t.Fatalf("%d in bucket %d, %d to %d", d, b, bucketEnd(b-1), bucketEnd(b))
		}
	})
}

// What one process has counted goes on counting in another.
func TestBucketsMakeTheSameQuantiles(t *testing.T) {
	var sent, received Histogram
	for d := range 1000 {
		sent.Record(time.Duration(d*d)*time.Microsecond, 3)
	}
	received.RecordBuckets(sent.Buckets())
	for _, q := range []float64{0.001, 0.5, 0.99, 0.999, 1} {
		if got, want := received.Quantile(q), sent.Quantile(q); got != want {
			t.Errorf("the quantile %v is %v, was %v", q, got, want)
		}
	}
}
