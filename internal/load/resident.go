package load

import "fmt"

// ResidentBytes is the memory of a process that is resident now.
func ResidentBytes(pid int) (int64, error) {
	u, err := measureProcesses([]int{pid})
	if err != nil {
		return 0, err
	}
	if u.servers[0].pid == 0 {
		return 0, fmt.Errorf("process %d is gone", pid)
	}
	return u.servers[0].rssBytes, nil
}
