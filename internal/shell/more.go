package shell

import (
	"context"
	"errors"

	"zoo"
	"zoo/client"
)

// more are the commands that zkCli has not.
func more() []command {
	return []command{
		{"cp", "[-r] source target", flags("r"), 2, copyCommand},
		{"diff", "[-e] [--with host:port[,…][/chroot]] path path2",
			append(flags("e"), valued("-with")), 2, diff},
		{"export", "[--out file] path", []option{valued("-out")}, 1, export},
		{"find", "[-name glob] [-path glob] [-type p|e] [-owner id|any] [-size [+-]n[k|M]] " +
			"[-age [+-]duration] [-depth n] path", []option{valued("name"), valued("path"),
			valued("type"), valued("owner"), valued("size"), valued("age"), valued("depth")},
			1, search},
		{"import", "[--replace] [--in file] path", append(flags("-replace"), valued("-in")),
			1, importCommand},
		{"mv", "source target", nil, 2, move},
		{"rm", "[-r] [-v version] path…", append(flags("r"), valued("v")), 1, removeSome},
		{"tree", "[-s] [-L depth] path", append(flags("s"), valued("L")), 1, tree},
	}
}

// modeOf is the create mode of a znode that exists, as far as clients are told it: servers
// hide which persistent ones are containers or have a time to live, and what was sequential
// has its name.
func modeOf(stat zoo.Stat) zoo.CreateMode {
	if stat.EphemeralOwner == 0 {
		return zoo.Persistent
	}
	return zoo.Ephemeral
}

// kinds are the create modes by their names in exports.
var kinds = map[string]zoo.CreateMode{"": zoo.Persistent, "persistent": zoo.Persistent,
	"container": zoo.Container, "ttl": zoo.PersistentTTL, "ephemeral": zoo.Ephemeral}

// The bounds of one multi: servers take 1 MiB by default (jute.maxbuffer), and hold up
// everybody else's writes while they apply it.
const (
	partOpsMax   = 500
	partBytesMax = 256 << 10
	// opBytes is about what an operation has beside its path and data.
	opBytes = 100
)

// parts makes many changes in multis, of which each is made as a whole or not at all.
type parts struct {
	shell *Shell
	ops   []client.Op
	bytes int
	// done is how many changes have been made.
	done int
}

func (m *parts) add(ctx context.Context, op client.Op, bytes int) error {
	bytes += opBytes
	if len(m.ops) >= partOpsMax || len(m.ops) > 0 && m.bytes+bytes > partBytesMax {
		if err := m.flush(ctx); err != nil {
			return err
		}
	}
	m.ops = append(m.ops, op)
	m.bytes += bytes
	return nil
}

func (m *parts) flush(ctx context.Context) error {
	if len(m.ops) == 0 {
		return nil
	}
	if _, err := m.shell.client.Multi(ctx, m.ops...); err != nil {
		if m.done > 0 {
			return errors.Join(err, failed("the %d changes before this part were made", m.done))
		}
		return err
	}
	m.done += len(m.ops)
	m.ops, m.bytes = m.ops[:0], 0
	return nil
}

// createAs makes a znode as another one is.
func createAs(path string, at *found) client.Op {
	return client.CreateOp(path, at.data,
		client.CreateOptions{Mode: at.mode, TTLMillis: at.ttl, ACL: at.acl})
}
