//go:build !linux

package curves

import (
	"errors"
	"time"
)

func busyTime() (time.Duration, error) { return 0, errors.ErrUnsupported }

func ownTime() (time.Duration, error) { return 0, errors.ErrUnsupported }
