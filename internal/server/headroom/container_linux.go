package headroom

import (
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
)

// containerLimit is the memory that this process' group may use, if it is bounded.
func containerLimit() (uint64, bool) { return groupLimit(os.DirFS("/")) }

// groupLimit finds the tightest bound of the groups that the process belongs to.
//
//	/proc/self/cgroup    0::/a/b                one hierarchy (version 2)
//	                     5:memory:/a/b          a hierarchy for each controller
//	/sys/fs/cgroup       /a/b/memory.max               bytes, or "max"
//	                     /memory/a/b/memory.limit_in_bytes
//
// Inside a container the path may lie outside of what is mounted, so all groups
// above count, too, up to the mount itself: a bound there holds for all below.
func groupLimit(root fs.FS) (limit uint64, known bool) {
	text, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(fields) < 3 {
			continue
		}
		top, file := "sys/fs/cgroup", "memory.max"
		switch {
		case fields[0] == "0" && fields[1] == "":
		case hasController(fields[1], "memory"):
			top, file = "sys/fs/cgroup/memory", "memory.limit_in_bytes"
		default:
			continue
		}
		for group := path.Clean("/" + fields[2]); ; group = path.Dir(group) {
			bound, ok := readLimit(root, path.Join(top, group, file))
			if ok && (!known || bound < limit) {
				limit, known = bound, true
			}
			if group == "/" {
				break
			}
		}
	}
	return limit, known
}

func hasController(list, name string) bool {
	for controller := range strings.SplitSeq(list, ",") {
		if controller == name {
			return true
		}
	}
	return false
}

// unlimitedBytes is what no machine has; version 1 writes a figure near 2^63 where
// there is no bound.
const unlimitedBytes = 1 << 50

// limitLeast is a bound below which no server runs; one lower is taken for an error.
const limitLeast = 16 << 20

func readLimit(root fs.FS, name string) (uint64, bool) {
	text, err := fs.ReadFile(root, name)
	if err != nil {
		return 0, false
	}
	bound, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
	return bound, err == nil && bound >= limitLeast && bound < unlimitedBytes
}
