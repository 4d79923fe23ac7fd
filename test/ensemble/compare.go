package ensemble

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// WaitOneZxid waits until every server has applied the same last transaction.
func (e *Ensemble) WaitOneZxid(ctx context.Context) error {
	return Until(ctx, "all servers are at one zxid", func(ctx context.Context) error {
		seen := map[string]bool{}
		for _, server := range e.Servers {
			answer, err := server.Ask(ctx, "srvr")
			if err != nil {
				return err
			}
			_, rest, _ := strings.Cut(answer, "\nZxid: ")
			zxid, _, _ := strings.Cut(rest, "\n")
			seen[zxid] = true
		}
		if len(seen) != 1 || seen[""] {
			return fmt.Errorf("they are at %v", seen)
		}
		return nil
	})
}

// differencesMax is how many paths Differences names.
const differencesMax = 5

// Differences names the paths that two trees show differently, at most a few of them; it is
// empty if they are the same.
func Differences(a, b map[string]string) string {
	all := maps.Clone(a)
	maps.Copy(all, b)
	var found []string
	for at := range all {
		if a[at] != b[at] {
			found = append(found, fmt.Sprintf("%s:\n  %s\n  %s", at, a[at], b[at]))
		}
	}
	slices.Sort(found)
	if n := len(found) - differencesMax; n > 0 {
		found = append(found[:differencesMax], fmt.Sprintf("and %d more", n))
	}
	return strings.Join(found, "\n")
}
