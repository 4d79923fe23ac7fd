package headroom

import (
	"testing"
	"testing/fstest"
)

// However a container is bounded, and whoever of its parents is bounded tighter, the
// tightest bound is the one that kills.
func TestTheTightestBoundOfTheGroupsCounts(t *testing.T) {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	for name, c := range map[string]struct {
		files fstest.MapFS
		want  uint64
	}{
		"version 2": {fstest.MapFS{
			"proc/self/cgroup":                 file("0::/pod/zoo\n"),
			"sys/fs/cgroup/memory.max":         file("max\n"),
			"sys/fs/cgroup/pod/memory.max":     file("536870912\n"),
			"sys/fs/cgroup/pod/zoo/memory.max": file("1073741824\n"),
		}, 512 << 20},
		"version 2 with its own root": {fstest.MapFS{
			"proc/self/cgroup":         file("0::/../../elsewhere\n"),
			"sys/fs/cgroup/memory.max": file("268435456\n"),
		}, 256 << 20},
		"version 1": {fstest.MapFS{
			"proc/self/cgroup": file("7:cpu,cpuacct:/x\n5:memory:/docker/1\n"),
			"sys/fs/cgroup/memory/docker/1/memory.limit_in_bytes": file("134217728\n"),
			"sys/fs/cgroup/memory/memory.limit_in_bytes":          file("9223372036854771712\n"),
		}, 128 << 20},
		"no bound": {fstest.MapFS{
			"proc/self/cgroup":         file("0::/\n"),
			"sys/fs/cgroup/memory.max": file("max\n"),
		}, 0},
		"nonsense": {fstest.MapFS{
			"proc/self/cgroup":         file("0::/\nhello\n"),
			"sys/fs/cgroup/memory.max": file("many\n"),
		}, 0},
		"nothing": {fstest.MapFS{}, 0},
	} {
		got, known := groupLimit(c.files)
		if got != c.want || known != (c.want > 0) {
			t.Errorf("%s: %d bytes, known %v; want %d", name, got, known, c.want)
		}
	}
}
