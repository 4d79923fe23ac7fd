package config

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"zoo"
	"zoo/internal/core/quorum"
)

// row is one setting: everything the program knows about it. A new setting is a
// new row and a field in Config.
type row struct {
	// name is the key in zoo.cfg. One that ends in a dot stands for every name that
	// begins so.
	name string
	// value is the default, parsed like a configured one; "" leaves the zero value.
	value string
	// parse is nil for what is only known. The reason tells why a setting changes
	// nothing here, even if its value is checked. A family with neither is read by
	// settle.
	parse  func(d *draft, value string) error
	reason string
	doc    string
	// propertyOnly: ZooKeeper reads it as a system property without its prefix, so
	// it counts as -D and is without effect in a file.
	propertyOnly bool
	// secret values are never shown; of a family see hides.
	secret bool
}

// draft is a Config in the making, with what needs a second look once all lines
// have been read.
type draft struct {
	Config
	clientHost  string
	clientPort  int
	secureHost  string
	securePort  int
	peerType    string
	adminHost   string
	adminPort   int
	adminOn     bool
	provider    string
	metricsHost string
	metricsPort int
	enforceAuth bool
	// metricsSecurePort is -1 for none.
	metricsSecurePort        int
	metricsNeed, metricsWant bool
	// observerUnlogged is what the second name of syncEnabled says, if it is given.
	observerUnlogged bool
	// timeouts are -1 until the tick is known.
	timeoutMin, timeoutMax time.Duration
	// set remembers where each key was given.
	set      map[string]setting
	warnings []Warning
}

// tables are all settings, by subject.
var tables = [][]row{rowsGeneral, rowsStorage, rowsLimits, rowsPeers, rowsTLSPeers,
	rowsAuth, rowsTLS, rowsOperations, rowsTraces, rowsJVM}

// allRows are the tables' in one, made once: each line of a file looks through it.
var allRows = slices.Concat(tables...)

func rows() []row { return allRows }

// findRow is the row of a name: its own, or else its family's with the longest
// name.
func findRow(name string) (row, bool) {
	var best row
	for _, r := range rows() {
		if r.name == name {
			return r, true
		}
		if r.family() && strings.HasPrefix(name, r.name) && len(r.name) > len(best.name) {
			best = r
		}
	}
	return best, best.name != ""
}

func (r row) family() bool { return strings.HasSuffix(r.name, ".") }

func peerType(d *draft, value string) error {
	switch strings.ToLower(value) {
	case "participant", "observer":
		d.peerType = strings.ToLower(value)
		return nil
	}
	return fmt.Errorf("%q is neither participant nor observer", value)
}

func electionAlg(_ *draft, value string) error {
	if value != "3" {
		return fmt.Errorf("%q is not supported, only 3 is", value)
	}
	return nil
}

// groupMembers and weight look at values alone; settleHierarchy puts them together.
func groupMembers(_ *draft, value string) error {
	_, err := quorum.ParseGroup("1", value)
	return err
}

func weight(_ *draft, value string) error {
	_, _, err := quorum.ParseWeight("1", value)
	return err
}

func whitelist(d *draft, value string) error {
	d.Commands = nil
	for word := range strings.SplitSeq(value, ",") {
		word = strings.TrimSpace(word)
		if word == "" {
			continue
		}
		if word != "*" && len(word) != 4 {
			return fmt.Errorf("%q is not a four-letter word", word)
		}
		d.Commands = append(d.Commands, word)
	}
	return nil
}

// znodePaths reads paths of znodes that are separated by commas.
func znodePaths(at func(*draft) *[]string) func(*draft, string) error {
	return func(d *draft, value string) error {
		list := at(d)
		*list = nil
		for path := range strings.SplitSeq(value, ",") {
			path = strings.TrimSpace(path)
			if path == "" {
				continue
			}
			if err := zoo.ValidatePath(path); err != nil {
				return fmt.Errorf("%q is no path of a znode: %w", path, err)
			}
			*list = append(*list, path)
		}
		return nil
	}
}

func preallocation(d *draft, value string) error {
	var kilobytes int
	const gigabyte = 1 << 20
	err := number(0, 4*gigabyte, func(*draft) *int { return &kilobytes })(d, value)
	d.PreallocBytes = int64(kilobytes) << 10
	return err
}

func superDigest(d *draft, value string) error {
	user, hash, _ := strings.Cut(value, ":")
	if user != "super" || hash == "" {
		return errors.New("want super:<hash>")
	}
	d.SuperDigest = value
	return nil
}

// purgeTime reads hours, or a number with a unit, as 3.10 does; what is negative is 0.
func purgeTime(low int, field func(*draft) *time.Duration) func(*draft, string) error {
	return func(d *draft, value string) error {
		unit, digits := time.Hour, value
		for _, u := range purgeUnits {
			if rest, ok := strings.CutSuffix(value, u.suffix); ok {
				unit, digits = u.unit, rest
				break
			}
		}
		var n int
		high := int(100 * 365 * 24 * time.Hour / unit)
		if err := number(low, high, func(*draft) *int { return &n })(d, digits); err != nil {
			return fmt.Errorf("%q is no time: want hours, or a whole number with ms, s, m, h "+
				"or d, such as 30d, up to 100 years", value)
		}
		*field(d) = time.Duration(max(0, n)) * unit
		return nil
	}
}

// purgeSize reads bytes, or a number with a unit, the next always 1024 times as much.
func purgeSize(d *draft, value string) error {
	shift, digits := 0, strings.ToLower(value)
	for i, suffix := range []string{"k", "m", "g", "t"} {
		if rest, ok := strings.CutSuffix(digits, suffix); ok {
			shift, digits = 10*(i+1), rest
			break
		}
	}
	var n int
	read := number(0, math.MaxInt64>>shift, func(*draft) *int { return &n })
	if err := read(d, digits); err != nil {
		return fmt.Errorf("%q is no size: want bytes, or a whole number with k, m, g or t, "+
			"below %dt", value, math.MaxInt64>>40)
	}
	d.Storage.Purge.Bytes = int64(n) << shift
	return nil
}

// purgeUnits has ms before s, which it ends in.
var purgeUnits = []struct {
	suffix string
	unit   time.Duration
}{
	{"ms", time.Millisecond}, {"s", time.Second}, {"m", time.Minute}, {"h", time.Hour},
	{"d", 24 * time.Hour},
}

// refuse is the parser of what cannot be left out and cannot be done either: to go
// on would let another server vote, or another client in, than was meant.
func refuse(reason string) func(*draft, string) error {
	return func(*draft, string) error { return errors.New(reason) }
}
