//go:build !linux

package cpu

import (
	"errors"
	"time"
)

// Busy is not known here.
func Busy() (time.Duration, error) { return 0, errors.ErrUnsupported }

// Of is not known here.
func Of(int) (time.Duration, error) { return 0, errors.ErrUnsupported }

// Own is not known here.
func Own() (time.Duration, error) { return 0, errors.ErrUnsupported }
