package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"zoo"
)

// A program that reads the log finds zxids as operators write them, and durations
// that tell their unit.
func TestLogIsJSONWithReadableZxidsAndDurations(t *testing.T) {
	var out bytes.Buffer
	m := &Main{Stderr: &out}
	m.logger().Info("stage", "zxid", zoo.MakeZxid(1, 2), "duration", 1500*time.Microsecond)
	for _, want := range []string{`"zxid":"0x100000002"`, `"duration":"1.5ms"`, `"msg":"stage"`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %s in %s", want, &out)
		}
	}
}
