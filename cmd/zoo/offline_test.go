package main

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"zoo"
	"zoo/internal/core/tree"
	"zoo/internal/disk/snapshot"
	"zoo/internal/disk/store"
	"zoo/internal/disk/vfs"
	"zoo/internal/jute"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

// written is what the data directories of the scripts have, from the transaction 1 of epoch 1.
var written = []struct {
	op     wire.Op
	record jute.Record
}{
	{wire.OpCreateSession, &txn.CreateSessionTxn{TimeOut: 4000}},
	{wire.OpCreate2, &txn.CreateTxn{Path: "/app", Data: []byte("blue"), ACL: zoo.OpenACL(),
		ParentCVersion: 1}},
	{wire.OpCreate2, &txn.CreateTxn{Path: "/app/config", Data: []byte("size=3"),
		ACL: zoo.OpenACL(), ParentCVersion: 1}},
	{wire.OpCreate2, &txn.CreateTxn{Path: "/app/lock", ACL: zoo.OpenACL(), Ephemeral: true,
		ParentCVersion: 2}},
	{wire.OpSetData, &txn.SetDataTxn{Path: "/app", Data: []byte("green"), Version: 1}},
	{wire.OpDelete, &txn.DeleteTxn{Path: "/app/config"}},
	{wire.OpCreate2, &txn.CreateTxn{Path: "/late", ACL: zoo.OpenACL(), ParentCVersion: 2}},
}

// snapshotBehind is the transaction behind which there is a snapshot.
const snapshotBehind = 4

// writeHistory makes a data directory as a server leaves it.
func writeHistory(dir string) (err error) {
	disk := vfs.OS{}
	st, r, err := store.Config{FS: disk, DataDir: dir, PreallocateBytes: 4096}.Open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	for i, h := range written {
		if err := appendTo(st, r.Tree, i+1, h.op, h.record); err != nil {
			return err
		}
		if i+1 == snapshotBehind {
			frozen := r.Tree.Freeze()
			err := snapshot.Write(disk, filepath.Join(dir, "version-2"),
				snapshot.Source{Frozen: frozen, Lock: snapshot.NoLock{}})
			frozen.Close()
			if err != nil {
				return err
			}
		}
	}
	return errors.Join(st.SetAcceptedEpoch(1), st.SetCurrentEpoch(1))
}

func appendTo(st *store.Store, t *tree.Tree, counter int, op wire.Op, r jute.Record) error {
	const second = 1000
	entry := txn.NewEntry(txn.Header{Session: 0x2a, Cxid: int32(counter),
		Zxid: zoo.MakeZxid(1, uint32(counter)), Time: 1_700_000_000_000 + int64(counter)*second,
		Type: op}, r, nil)
	if _, err := t.Apply(entry); err != nil {
		return err
	}
	return errors.Join(st.Append([]txn.Entry{entry}), st.Sync())
}

// spoil changes a bit of a file, at what the first byte of a text in it is.
func spoil(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: spoil file text")
	}
	name := ts.MkAbs(args[0])
	text := []byte(ts.ReadFile(args[0]))
	for i := range text {
		if string(text[i:min(i+len(args[1]), len(text))]) == args[1] {
			text[i] ^= 0x10
			ts.Check(os.WriteFile(name, text, 0o600))
			return
		}
	}
	ts.Fatalf("%s has no %q", args[0], args[1])
}

// The scripts of testdata/offline each have a data directory of their own, data, in which
// nobody serves.
func TestCommandsOnFiles(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/offline",
		UpdateScripts: os.Getenv("ZOO_UPDATE_SCRIPTS") != "",
		Cmds:          map[string]func(*testscript.TestScript, bool, []string){"spoil": spoil},
		Setup: func(env *testscript.Env) error {
			env.Setenv("TZ", "UTC")
			return writeHistory(filepath.Join(env.WorkDir, "data"))
		}})
}
