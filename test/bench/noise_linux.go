package bench

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"
)

// clockTick is the unit of the times in /proc, on every architecture.
const clockTick = 10 * time.Millisecond

// busyTime is what all CPUs have worked since the machine's start, the time that
// its host took from it included.
func busyTime() (time.Duration, error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, err
	}
	line, _, _ := bytes.Cut(text, []byte("\n"))
	fields := bytes.Fields(line)
	if len(fields) < 9 {
		return 0, fmt.Errorf("short line in /proc/stat: %q", line)
	}
	// user, nice, system, then idle and waiting, which do not count, then irq,
	// softirq and steal.
	return sumTicks(fields[1], fields[2], fields[3], fields[6], fields[7], fields[8])
}

// workTime is what one process has worked. One that is gone gives an error.
func workTime(pid int) (time.Duration, error) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0, err
	}
	// The name in parentheses may hold anything, also spaces.
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) < 13 {
		return 0, fmt.Errorf("short line in /proc/%d/stat: %q", pid, text)
	}
	return sumTicks(fields[11], fields[12])
}

func sumTicks(fields ...[]byte) (sum time.Duration, err error) {
	for _, field := range fields {
		n, err := strconv.ParseInt(string(field), 10, 64)
		if err != nil {
			return 0, err
		}
		sum += time.Duration(n) * clockTick
	}
	return sum, nil
}
