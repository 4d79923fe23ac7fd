package config

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The parsers of rows: each makes a function that reads one value into a field.

func number(low, high int, field func(*draft) *int) func(*draft, string) error {
	return func(d *draft, value string) error {
		n, err := strconv.Atoi(value)
		if err != nil {
			return fmt.Errorf("%q is not a whole number", value)
		}
		if n < low || n > high {
			return fmt.Errorf("%d is not in %d to %d", n, low, high)
		}
		*field(d) = n
		return nil
	}
}

// count reads a number from low to the largest of 32 bits.
func count(low int, field func(*draft) *int) func(*draft, string) error {
	return number(low, math.MaxInt32, field)
}

func fraction(field func(*draft) *float64) func(*draft, string) error {
	return func(d *draft, value string) error {
		f, err := strconv.ParseFloat(value, 64)
		if err != nil || math.IsNaN(f) || f < 0 || f > 1 {
			return fmt.Errorf("%q is not a number from 0 to 1", value)
		}
		*field(d) = f
		return nil
	}
}

// kilobytesFrom is kilobytes that must be low at least.
func kilobytesFrom(low int, field func(*draft) *int64) func(*draft, string) error {
	return func(d *draft, value string) error {
		if err := count(low, func(*draft) *int { return new(int) })(d, value); err != nil {
			return err
		}
		return kilobytes(field)(d, value)
	}
}

// kilobytes reads kilobytes into bytes; zero and less are 0, which means off.
func kilobytes(field func(*draft) *int64) func(*draft, string) error {
	return func(d *draft, value string) error {
		var n int
		if err := count(math.MinInt32, func(*draft) *int { return &n })(d, value); err != nil {
			return err
		}
		*field(d) = max(0, int64(n)) << 10
		return nil
	}
}

func duration(unit time.Duration, low int,
	field func(*draft) *time.Duration) func(*draft, string) error {
	return func(d *draft, value string) error {
		var n int
		if err := count(low, func(*draft) *int { return &n })(d, value); err != nil {
			return fmt.Errorf("%w; want %s", err, unitNames[unit])
		}
		*field(d) = time.Duration(n) * unit
		return nil
	}
}

// unitNames are the units that a number alone has.
var unitNames = map[time.Duration]string{
	time.Millisecond: "milliseconds", time.Second: "seconds", time.Minute: "minutes",
	time.Hour: "hours",
}

// millis reads a time of at least nothing in milliseconds.
func millis(field func(*draft) *time.Duration) func(*draft, string) error {
	return duration(time.Millisecond, 0, field)
}

// anyMillis reads milliseconds that may be negative, which then says "none".
func anyMillis(field func(*draft) *time.Duration) func(*draft, string) error {
	return duration(time.Millisecond, math.MinInt32, field)
}

func text(field func(*draft) *string) func(*draft, string) error {
	return func(d *draft, value string) error {
		if value == "" {
			return errors.New("is empty")
		}
		*field(d) = value
		return nil
	}
}

// oneOf reads a word of a list, in any case; it is kept as the list has it.
func oneOf(field func(*draft) *string, words ...string) func(*draft, string) error {
	return func(d *draft, value string) error {
		i := slices.IndexFunc(words, func(w string) bool { return strings.EqualFold(w, value) })
		if i < 0 {
			return fmt.Errorf("%q is not one of %s", value, strings.Join(words, ", "))
		}
		*field(d) = words[i]
		return nil
	}
}

// orEmpty lets an empty value stand for the default.
func orEmpty(parse func(*draft, string) error) func(*draft, string) error {
	return func(d *draft, value string) error {
		if value == "" {
			return nil
		}
		return parse(d, value)
	}
}

// hostName reads an address or the name of a host, without a port.
func hostName(field func(*draft) *string) func(*draft, string) error {
	return func(d *draft, value string) error {
		_, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(value, "["), "]"))
		if err != nil && strings.Trim(value, hostLetters) != "" || value == "" {
			return fmt.Errorf("%q is neither an IP address nor the name of a host", value)
		}
		*field(d) = value
		return nil
	}
}

// urlPath reads a path that stands in a URL as it is.
func urlPath(field func(*draft) *string) func(*draft, string) error {
	return func(d *draft, value string) error {
		if strings.Trim(value, hostLetters+"/~") != "" || strings.Trim(value, "/") == "" {
			return fmt.Errorf("%q is no path of a URL such as /commands: "+
				"letters, digits and / - . _ ~ may be in it", value)
		}
		*field(d) = value
		return nil
	}
}

// hostLetters may be in the name of a host; _ is no good form, and is met.
const hostLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._"

// words reads a list with commas (Java's cipher lists have colons or commas).
func words(field func(*draft) *[]string) func(*draft, string) error {
	return func(d *draft, value string) error {
		*field(d) = nil
		for word := range strings.SplitSeq(value, ",") {
			if word = strings.TrimSpace(word); word != "" {
				*field(d) = append(*field(d), word)
			}
		}
		return nil
	}
}

// truth reads true and false. What else there is Java takes for false, which is seldom
// what was meant; no, which is, counts.
func truth(field func(*draft) *bool) func(*draft, string) error {
	return func(d *draft, value string) error {
		switch strings.ToLower(value) {
		case "true":
			*field(d) = true
		case "false", "no":
			*field(d) = false
		default:
			return fmt.Errorf("%q is neither true nor false", value)
		}
		return nil
	}
}

// untruth reads a switch whose field says the opposite.
func untruth(field func(*draft) *bool) func(*draft, string) error {
	return func(d *draft, value string) error {
		var on bool
		if err := truth(func(*draft) *bool { return &on })(d, value); err != nil {
			return err
		}
		*field(d) = !on
		return nil
	}
}

// consent reads yes and no, which must be in lower case: Java takes any other word for
// usual. A word that means just that is taken as well.
func consent(usual string, field func(*draft) *bool) func(*draft, string) error {
	harmless := map[string]string{"yes": "true", "no": "false"}[usual]
	return func(d *draft, value string) error {
		switch {
		case value == "yes" || value == "no":
			*field(d) = value == "yes"
		case strings.EqualFold(value, usual) || strings.EqualFold(value, harmless):
			*field(d) = usual == "yes"
		default:
			return fmt.Errorf("%q is neither yes nor no", value)
		}
		return nil
	}
}

// dissent reads such a switch whose field says the opposite.
func dissent(usual string, field func(*draft) *bool) func(*draft, string) error {
	return func(d *draft, value string) error {
		var on bool
		err := consent(usual, func(*draft) *bool { return &on })(d, value)
		*field(d) = err == nil && !on
		return err
	}
}

// caution is what an operator should hear of a value that counts all the same.
type caution string

// Error is the warning.
func (c caution) Error() string { return string(c) }

// atLeast reads a number, and raises one that is too small, as Java does.
func atLeast(low int, field func(*draft) *int) func(*draft, string) error {
	return func(d *draft, value string) error {
		if err := count(math.MinInt32, field)(d, value); err != nil {
			return err
		}
		if n := *field(d); n < low {
			*field(d) = low
			return caution(fmt.Sprintf("%d is too small, and counts as %d", n, low))
		}
		return nil
	}
}

// reserve reads how much room is to be kept free: auto, or bytes.
func reserve(d *draft, value string) error {
	if value == "auto" {
		d.Storage.ReserveBytes = -1
		return nil
	}
	n, err := byteSize(value)
	d.Storage.ReserveBytes = n
	return err
}

// byteSize reads a number of bytes, or of k, m or g of them.
func byteSize(value string) (int64, error) {
	digits, shift := value, 0
	if n := len(value); n > 0 {
		if i := strings.IndexByte("kmgKMG", value[n-1]); i >= 0 {
			digits, shift = value[:n-1], 10*(i%3+1)
		}
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 0 || n > math.MaxInt64>>shift {
		return 0, fmt.Errorf("%q is no size: write bytes, or a number with k, m or g", value)
	}
	return n << shift, nil
}
