package ensemble

import (
	"context"
	"fmt"
	"time"
)

// pollInterval lies between two looks at a condition.
const pollInterval = 20 * time.Millisecond

// Until waits until the condition gives no error, and returns the last one it gave
// when ctx ends first. What is the wait's name in that error.
func Until(ctx context.Context, what string, condition func(context.Context) error) error {
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		err := condition(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait until %s: %w; last: %w", what, ctx.Err(), err)
		case <-ticker.C:
		}
	}
}
