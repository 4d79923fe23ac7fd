package server

import (
	"os"
	"strings"
	"testing"

	"zoo/internal/ops/metrics"
)

// What operators can see they can look up.
func TestEveryMetricIsDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	m := newMeters()
	m.latency.readsOf.Of("a").Observe(1)
	m.latency.writesOf.Of("a").Observe(1)
	m.set.Each(func(_ string, v metrics.Value) {
		if !strings.Contains(string(text), "`"+v.Name+"`") {
			t.Errorf("docs/metrics.md does not tell what %s is", v.Name)
		}
		if v.Help == "" {
			t.Errorf("%s has no help", v.Name)
		}
	})
}
