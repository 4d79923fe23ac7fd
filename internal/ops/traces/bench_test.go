package traces

import (
	"testing"

	"zoo"
)

// What a request costs that is not sampled.
func BenchmarkARequestThatIsNotSampled(b *testing.B) {
	sampler, taken := NewSampler(0.001), 0
	for i := range b.N {
		if sampler.Takes(KeyOf(zoo.SessionID(0x100003e5a3c0000), int32(i))) {
			taken++
		}
	}
	b.ReportMetric(float64(taken)/float64(b.N), "share")
}
