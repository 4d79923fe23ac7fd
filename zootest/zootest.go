package zootest

import (
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"zoo"
)

// patience is how long anything may take that a test waits for.
const patience = 30 * time.Second

// membersMax bounds an ensemble.
const membersMax = 100

// Option changes what NewServer and NewEnsemble make.
type Option func(*options)

type options struct {
	observers int
	settings  map[string]string
	log       *slog.Logger
}

// Observers adds servers that do not vote to an ensemble, behind those that do.
func Observers(n int) Option { return func(o *options) { o.observers = n } }

// Settings sets keys of a zoo.cfg at all servers, such as tickTime. docs/settings.md lists
// them.
func Settings(settings map[string]string) Option {
	return func(o *options) { maps.Copy(o.settings, settings) }
}

// Log has the servers tell what they do; without it they are silent.
func Log(log *slog.Logger) Option { return func(o *options) { o.log = log } }

func collect(list []Option) options {
	o := options{settings: map[string]string{
		"tickTime": "100", "initLimit": "100", "syncLimit": "30", "maxSessionTimeout": "60000",
		"forceSync": "no", "preAllocSize": "64", "disk.reserve": "0", "maxClientCnxns": "0",
		"admin.enableServer": "false", "4lw.commands.whitelist": "*",
	}}
	for _, change := range list {
		change(&o)
	}
	return o
}

// NewServer starts a standalone server and returns when it serves.
func NewServer(t testing.TB, opts ...Option) *Server {
	t.Helper()
	o := collect(opts)
	if o.observers != 0 {
		t.Fatal("zootest: a standalone server has no observers")
	}
	e := &Ensemble{t: t, wires: newNetwork()}
	e.add(&Server{t: t, ensemble: e, id: 1, opts: &o, dir: filepath.Join(t.TempDir(), "1")})
	e.begin()
	return e.servers[0]
}

// NewEnsemble starts an ensemble of servers that vote and returns when all of them serve.
// It may have one member: then it is not a standalone server, and others could join it.
func NewEnsemble(t testing.TB, voters int, opts ...Option) *Ensemble {
	t.Helper()
	o := collect(opts)
	if sum := voters + o.observers; voters < 1 || o.observers < 0 || sum > membersMax {
		t.Fatalf("zootest: %d servers and %d observers: want 1 to %d, and 1 that votes",
			voters, o.observers, membersMax)
	}
	o.settings["standaloneEnabled"] = "false"
	e := &Ensemble{t: t, wires: newNetwork(), voters: voters}
	dir := t.TempDir()
	for i := range voters + o.observers {
		id := zoo.ServerID(i + 1)
		e.add(&Server{t: t, ensemble: e, id: id, opts: &o,
			dir: filepath.Join(dir, strconv.FormatInt(int64(id), 10))})
	}
	for i, s := range e.servers {
		role := "participant"
		if i >= voters {
			role = "observer"
		}
		// Nobody listens at these addresses but inside of the network.
		o.settings[fmt.Sprintf("server.%d", s.id)] = fmt.Sprintf("127.0.1.%d:2888:3888:%s;%s",
			s.id, role, s.Address())
	}
	e.begin()
	return e
}
