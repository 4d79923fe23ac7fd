package config

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// row is one setting: everything the program knows about it. A new setting is a
// new row here and a field in Config.
type row struct {
	name string
	// value is the default, parsed like a configured one; "" leaves the zero value.
	value string
	parse func(d *draft, value string) error
	doc   string
	// propertyOnly: ZooKeeper reads it as a system property without its prefix, so
	// it counts as -D and is without effect in a file.
	propertyOnly bool
}

// draft is a Config in the making, with what needs a second look once all lines
// have been read.
type draft struct {
	Config
	clientHost  string
	clientPort  int
	peerType    string
	hasPeerType bool
	// timeouts are -1 until the tick is known.
	timeoutMin, timeoutMax time.Duration
	// set remembers where each key was given.
	set      map[string]setting
	warnings []Warning
}

// safeWords is the default whitelist: what tells nothing secret and costs little.
// Java answers only srvr, which breaks probes and agents after an upgrade.
const safeWords = "ruok,srvr,mntr,stat,isro,conf,envi,wchs"

// rows is the table of settings that this version uses.
var rows = []row{
	{name: "tickTime", value: "3000",
		parse: duration(time.Millisecond, 1, func(d *draft) *time.Duration { return &d.Tick }),
		doc:   "milliseconds of a tick, the unit of the limits"},
	{name: "initLimit",
		parse: number(1, math.MaxInt32, func(d *draft) *int { return &d.InitLimitTicks }),
		doc:   "ticks a learner may take to join; required in an ensemble"},
	{name: "syncLimit",
		parse: number(1, math.MaxInt32, func(d *draft) *int { return &d.SyncLimitTicks }),
		doc:   "ticks a learner and its leader may be silent; required in an ensemble"},
	{name: "dataDir",
		parse: text(func(d *draft) *string { return &d.DataDir }),
		doc:   "directory of snapshots, epochs and myid"},
	{name: "dataLogDir",
		parse: text(func(d *draft) *string { return &d.DataLogDir }),
		doc:   "directory of transaction logs; dataDir when absent"},
	{name: "clientPort",
		parse: number(0, 65535, func(d *draft) *int { return &d.clientPort }),
		doc:   "port for clients"},
	{name: "clientPortAddress",
		parse: text(func(d *draft) *string { return &d.clientHost }),
		doc:   "address for clients; every address when absent"},
	{name: "maxClientCnxns", value: "60",
		parse: number(0, math.MaxInt32, func(d *draft) *int { return &d.ConnsPerHostMax }),
		doc:   "connections from one address; 0 is no bound"},
	{name: "minSessionTimeout", value: "-1",
		parse: duration(time.Millisecond, -1,
			func(d *draft) *time.Duration { return &d.timeoutMin }),
		doc: "shortest session timeout in ms; -1 is two ticks"},
	{name: "maxSessionTimeout", value: "-1",
		parse: duration(time.Millisecond, -1,
			func(d *draft) *time.Duration { return &d.timeoutMax }),
		doc: "longest session timeout in ms; -1 is twenty ticks"},
	{name: "peerType", value: "participant", parse: peerType,
		doc: "participant or observer; the server.N lines decide"},
	{name: "electionAlg", value: "3", parse: electionAlg,
		doc: "only 3, fast leader election"},
	{name: "quorumListenOnAllIPs", value: "false",
		parse: truth(func(d *draft) *bool { return &d.QuorumListenOnAllIPs }),
		doc:   "bind quorum and election ports to every address"},
	{name: "standaloneEnabled", value: "true",
		parse: truth(func(d *draft) *bool { return &d.StandaloneEnabled }),
		doc:   "let a single configured server run alone"},
	{name: "4lw.commands.whitelist", value: safeWords, parse: whitelist,
		doc: "four-letter words that are answered, or *"},
	{name: "snapCount", value: "100000",
		parse: number(2, math.MaxInt32, func(d *draft) *int { return &d.SnapCount }),
		doc:   "transactions between snapshots"},
	{name: "preAllocSize", value: "65536", parse: preallocation,
		doc: "kilobytes a log file is extended by"},
	{name: "commitLogCount", value: "500",
		parse: number(1, math.MaxInt32, func(d *draft) *int { return &d.CommitLogCount }),
		doc:   "committed proposals kept in memory for learners"},
	{name: "globalOutstandingLimit", value: "65536",
		parse: number(1, math.MaxInt32, func(d *draft) *int { return &d.OutstandingMax }),
		doc:   "requests in process; Java has 1000, we bound each connection as well"},
	{name: "skipACL", value: "no",
		parse: truth(func(d *draft) *bool { return &d.SkipACL }),
		doc:   "yes switches every ACL check off"},
	{name: "DigestAuthenticationProvider.superDigest", parse: superDigest,
		doc: "the super user, super:<hash>"},
	{name: "jute.maxbuffer", value: "1048575", propertyOnly: true,
		parse: number(1024, math.MaxInt32, func(d *draft) *int { return &d.FrameBytesMax }),
		doc:   "bytes of a client frame; only as -Djute.maxbuffer="},
	{name: "autopurge.snapRetainCount", value: "3", parse: retainCount,
		doc: "snapshots a purge keeps, at least 3"},
	{name: "autopurge.purgeInterval", value: "0",
		parse: duration(time.Hour, 0, func(d *draft) *time.Duration { return &d.PurgeInterval }),
		doc:   "hours between purges; 0 is never"},
}

func findRow(name string) (row, bool) {
	for _, r := range rows {
		if r.name == name {
			return r, true
		}
	}
	return row{}, false
}

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

func duration(unit time.Duration, low int,
	field func(*draft) *time.Duration) func(*draft, string) error {
	return func(d *draft, value string) error {
		var n int
		high := int(math.MaxInt32)
		if unit == time.Hour {
			high = 24 * 365 * 100
		}
		if err := number(low, high, func(*draft) *int { return &n })(d, value); err != nil {
			return err
		}
		*field(d) = time.Duration(n) * unit
		return nil
	}
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

// truth reads true and false, and yes and no, which Java uses for some keys.
func truth(field func(*draft) *bool) func(*draft, string) error {
	return func(d *draft, value string) error {
		switch strings.ToLower(value) {
		case "true", "yes":
			*field(d) = true
		case "false", "no":
			*field(d) = false
		default:
			return fmt.Errorf("%q is neither true nor false", value)
		}
		return nil
	}
}

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

// retainCount raises what is below 3 to 3, as Java does: fewer snapshots would
// leave nothing to fall back on.
func retainCount(d *draft, value string) error {
	err := number(0, math.MaxInt32, func(d *draft) *int { return &d.PurgeRetain })(d, value)
	if err == nil && d.PurgeRetain < 3 {
		d.PurgeRetain = 3
	}
	return err
}
