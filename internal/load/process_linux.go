package load

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"syscall"
	"time"
)

// clockTick is the unit of the times in /proc; the kernel has shown user space
// hundredths of a second on every architecture for decades.
const clockTick = 10 * time.Millisecond

// measureProcesses reads CPU and memory. A process that has died meanwhile keeps
// the zero value: a run that kills a leader must still report the others.
func measureProcesses(pids []int) (usage, error) {
	u := usage{servers: make([]process, len(pids))}
	for i, pid := range pids {
		p, err := measureProcess(pid)
		if err != nil && !gone(err) {
			return u, fmt.Errorf("measure process %d: %w", pid, err)
		}
		u.servers[i] = p
	}
	var err error
	u.self, err = measureProcess(os.Getpid())
	return u, err
}

func gone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH)
}

func measureProcess(pid int) (process, error) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return process{}, err
	}
	// The second field is the command in parentheses and may hold anything; the
	// third begins after the last one. utime, stime and rss are 14, 15 and 24.
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) < 22 {
		return process{}, fmt.Errorf("short stat line %q", text)
	}
	var numbers [3]int64
	for i, field := range [][]byte{fields[11], fields[12], fields[21]} {
		if numbers[i], err = strconv.ParseInt(string(field), 10, 64); err != nil {
			return process{}, err
		}
	}
	return process{
		pid: pid, cpu: time.Duration(numbers[0]+numbers[1]) * clockTick,
		rssBytes: numbers[2] * int64(os.Getpagesize()),
	}, nil
}
