package server

import (
	"fmt"
	"strings"

	"zoo"
	"zoo/internal/jute"
	"zoo/internal/wire"
)

// The extensions are announced in znodes that are not in the tree: no transaction
// makes them, no list of children and no snapshot shows them, and one that is in
// the tree hides its namesake. Reading one asks for the extensions.

// announcedBelow is the parent of what is announced, as a prefix.
const announcedBelow = "/keeper/"

// announcements are what can be read, by the path below announcedBelow.
var announcements = map[string][]byte{
	"feature_flags": featureFlags(
		flagCheckNotExists, flagCreateIfNotExists, flagRemoveRecursive, flagTryRemove),
	// The number stands for sets of features that are not those here; it is
	// what older clients ask for, and says that this is ZooKeeper.
	"api_version": []byte("0"),
	"extensions":  listExtensions(),

	announcedLinearizable: []byte("1"),
}

// The numbers of the features that ClickHouse's client looks for, those of them
// that are here.
const (
	flagCheckNotExists    = 2
	flagCreateIfNotExists = 3
	flagRemoveRecursive   = 4
	flagTryRemove         = 9
)

// featureFlags sets one bit for each feature: feature 0 is the highest bit of the
// first byte.
func featureFlags(features ...int) []byte {
	var flags [2]byte
	for _, n := range features {
		flags[n/8] |= 1 << (7 - n%8)
	}
	return flags[:]
}

// listExtensions has a line "name=opcode" for each extension.
func listExtensions() []byte {
	var b []byte
	for _, op := range wire.Extensions() {
		b = fmt.Appendf(b, "%v=%d\n", op, int32(op))
	}
	return b
}

// announces tells whether there is an announcement at a path where the tree has
// no znode.
func (x *exec) announces(path string) bool {
	name, below := strings.CutPrefix(path, announcedBelow)
	if !below || !x.server.extends {
		return false
	}
	_, ok := announcements[name]
	return ok
}

// announced answers getData where the tree has no znode. From then on the client
// may use the extensions.
func (x *exec) announced(path string) zoo.Code {
	if !x.announces(path) {
		return zoo.CodeNoNode
	}
	data := announcements[path[len(announcedBelow):]]
	x.out = jute.AppendBuffer(x.out, data)
	return x.announcedStat(path)
}

// announcedStat is announced for exists.
func (x *exec) announcedStat(path string) zoo.Code {
	if !x.announces(path) {
		return zoo.CodeNoNode
	}
	x.conn.extended = true
	x.asksLinearizable(path)
	data := announcements[path[len(announcedBelow):]]
	st := zoo.Stat{DataLength: int32(len(data))}
	x.out = wire.AppendStat(x.out, &st)
	return zoo.CodeOK
}
