package txnlog_test

import (
	"testing"

	"zoo"
	"zoo/internal/disk/txnlog"
	"zoo/internal/disk/vfs"
	"zoo/internal/disk/vfs/vfstest"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

// The plot: a disk has room for a few more entries, but not for the step by which
// segments grow. They are written all the same, to the last that fits; then the log says
// that there is no space, and what was synced is there.
func TestALogMakesDoWithTheRoomThatIsLeft(t *testing.T) {
	disk := vfs.NewMem()
	vfstest.Must(t, disk.MkdirAll("d"))
	disk.Limit(4000)
	w := txnlog.NewWriter(disk, "d", 0, txnlog.Config{PreallocateBytes: 1 << 20})
	var err error
	var synced zoo.Zxid
	for z := zoo.Zxid(1); err == nil; z++ {
		h := txn.Header{Zxid: z, Type: wire.OpError}
		e := txn.NewEntry(h, &txn.ErrorTxn{Err: zoo.CodeNoNode}, nil)
		if err = w.Append([]txn.Entry{e}); err == nil {
			vfstest.Must(t, w.Sync())
			synced = z
		}
	}
	if !vfs.IsNoSpace(err) || synced < 70 {
		t.Fatalf("%v entries fit, then: %v", synced, err)
	}
	reader, err := txnlog.NewReader(disk.CrashLosingAll(), "d", 0)
	vfstest.Must(t, err)
	for z := zoo.Zxid(1); z <= synced; z++ {
		if e, err := reader.Next(); err != nil || e.Zxid != z {
			t.Fatalf("%v is %v: %v", z, e.Zxid, err)
		}
	}
}
