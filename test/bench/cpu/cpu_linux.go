package cpu

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"
)

// Busy is what all CPUs have worked since the machine's start, the time that its host took
// from it included.
func Busy() (time.Duration, error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, err
	}
	line, _, _ := bytes.Cut(text, []byte("\n"))
	fields := bytes.Fields(line)
	if len(fields) < 9 {
		return 0, fmt.Errorf("short line in /proc/stat: %q", line)
	}
	// user, nice, system, then idle and waiting, which do not count, then irq, softirq and
	// steal.
	return sum(fields[1], fields[2], fields[3], fields[6], fields[7], fields[8])
}

// Of is what one process has worked. One that is gone gives an error.
func Of(pid int) (time.Duration, error) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0, err
	}
	return parse(text)
}

// parse reads the stat file of a process.
func parse(text []byte) (time.Duration, error) {
	// The name in parentheses may hold anything, also spaces.
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) < 13 {
		return 0, fmt.Errorf("short line about a process: %q", text)
	}
	return sum(fields[11], fields[12])
}

// Own is what this process and those of its children that have ended have worked.
func Own() (total time.Duration, err error) {
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var used syscall.Rusage
		if err := syscall.Getrusage(who, &used); err != nil {
			return 0, err
		}
		total += time.Duration(used.Utime.Nano() + used.Stime.Nano())
	}
	return total, nil
}

func sum(fields ...[]byte) (total time.Duration, err error) {
	for _, field := range fields {
		n, err := strconv.ParseInt(string(field), 10, 64)
		if err != nil {
			return 0, err
		}
		total += time.Duration(n) * Tick
	}
	return total, nil
}
