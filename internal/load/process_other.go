//go:build !linux

package load

import "errors"

// measureProcesses needs /proc; without it only a run without pids is possible.
func measureProcesses(pids []int) (usage, error) {
	if len(pids) > 0 {
		return usage{}, errors.New("the CPU of processes can only be measured on Linux")
	}
	return usage{}, nil
}
