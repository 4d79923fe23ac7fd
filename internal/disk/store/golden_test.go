package store_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"zoo"
	"zoo/internal/disk/vfs"
)

// The files hold, for each thing a store does, the list of what it does to the
// disk, in order: the order is what makes it durable.
func TestFileOperationsAreAsWrittenDown(t *testing.T) {
	datadriven.Walk(t, "testdata/operations", func(t *testing.T, path string) {
		recorder := &vfs.Recorder{}
		disk := vfs.NewFaulty(vfs.NewMem(), recorder.Hook)
		w := &world{t: t}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			perform(t, w, disk, d)
			return strings.Join(recorder.Take(), "\n") + "\n"
		})
	})
}

func perform(t *testing.T, w *world, disk vfs.FS, d *datadriven.TestData) {
	first, e := number(t, d, "zxid"), number(t, d, "epoch")
	last := max(first, number(t, d, "to"))
	switch d.Cmd {
	case "open":
		w.open(disk)
	case "append":
		w.append(creates(first, last, "a")...)
	case "sync":
		w.sync()
	case "roll":
		w.roll()
	case "snapshot":
		w.snapshot()
	case "truncate":
		w.truncate(first)
	case "install":
		w.install(creates(first, last, "b"))
	case "purge":
		w.purge(int(number(t, d, "count")))
	case "accept":
		w.setAccepted(zoo.Epoch(e))
	case "current":
		w.setCurrent(zoo.Epoch(e))
	default:
		t.Fatalf("unknown command %s", d.Cmd)
	}
}

func number(t *testing.T, d *datadriven.TestData, key string) zoo.Zxid {
	text := "0"
	d.MaybeScanArgs(t, key, &text)
	n, err := strconv.ParseInt(text, 0, 64)
	must(t, err)
	return zoo.Zxid(n)
}
