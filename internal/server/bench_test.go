package server

import "testing"

// BenchmarkRequestQueue has a connection with as many requests under way as it may have.
func BenchmarkRequestQueue(b *testing.B) {
	var q requestQueue
	for range queuedRequestsMax {
		q.push(queued{})
	}
	b.ReportAllocs()
	for b.Loop() {
		q.pop()
		q.push(queued{})
	}
}
