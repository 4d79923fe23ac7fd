package toolkit

import (
	"bufio"
	"errors"
	"fmt"
	"hash/adler32"
	"io"
	"path/filepath"

	"zoo"
	"zoo/internal/disk/txnlog"
	"zoo/internal/txn"
)

// chop copies the transactions up to a zxid. As in Java a log that ends there
// already, or does not have it, is told of and is no failure of the process.
func (t *TxnLog) chop(in *bufio.Reader) error {
	name := fmt.Sprintf("%s.chopped%d", t.File, int64(*t.Chop))
	f, err := t.Disk.Create(name)
	if err != nil {
		return err
	}
	to := bufio.NewWriter(f)
	to.Write(txnlog.AppendFile(nil))
	chopped, err := t.copy(in, to)
	if err = errors.Join(err, to.Flush(), f.Sync(), f.Close()); err == nil && !chopped {
		//lint:ignore ST1005 this is Java's text, and the whole line
		err = fmt.Errorf("Failed to chop %s", filepath.Base(t.File))
	}
	if err != nil {
		fmt.Fprintf(t.Out, "Got exception: %v\n", err)
	}
	return nil
}

func (t *TxnLog) copy(in *bufio.Reader, to io.Writer) (chopped bool, err error) {
	end, has, last := *t.Chop, false, zoo.Zxid(-1)
	for count := 0; ; count++ {
		e, err := next(in)
		if errors.Is(err, io.EOF) {
			fmt.Fprintf(t.Out, "EOF reached after %d txns.\n", count)
			return false, nil
		}
		if err != nil {
			return false, err
		}
		if !e.good() {
			return false, fmt.Errorf("CRC doesn't match %d vs %d",
				int64(e.sum), adler32.Checksum(e.bytes))
		}
		entry, err := txn.ParseEntry(e.bytes)
		if err == nil {
			err = ended(in)
		}
		if err != nil {
			return false, err
		}
		z := entry.Zxid
		has = has || z == end
		t.gap(last, z)
		if last = z; z > end {
			if count == 0 || !has {
				fmt.Fprintf(t.Out, "This log does not contain zxid %x\n", uint64(end))
				return false, nil
			}
			fmt.Fprintf(t.Out, "Chopping at %x new log has %d records\n", uint64(end), count)
			return true, nil
		}
		if _, err := to.Write(frame(e)); err != nil {
			return false, err
		}
	}
}

func (t *TxnLog) gap(last, z zoo.Zxid) {
	kind := "inter"
	if last.Epoch() == z.Epoch() {
		kind = "intra"
	}
	if last != -1 && z != last+1 && (kind == "intra" || z.Counter() != 1) {
		fmt.Fprintf(t.Out, "There is %s-epoch gap between %x and %x\n",
			kind, uint64(last), uint64(z))
	}
}
