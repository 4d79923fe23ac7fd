package toolkit

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/adler32"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"zoo"
	"zoo/internal/disk/txnlog"
	"zoo/internal/disk/vfs"
	"zoo/internal/jute"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

// The exit codes of Java's tools.
const (
	exitUnexpected = 1
	exitInvocation = 2
)

// Failure is how a tool ends when it does not succeed.
type Failure struct {
	Code int
	Text string
}

// Error is the text.
func (f *Failure) Error() string { return f.Text }

// ExitCode is the process's.
func (f *Failure) ExitCode() int { return f.Code }

func fail(code int, text string, args ...any) error {
	return &Failure{code, fmt.Sprintf(text, args...)}
}

// TxnLog is one run of zkTxnLogToolkit.sh.
type TxnLog struct {
	Disk vfs.FS
	File string
	// Recover writes File.fixed with checksums that are right; Verbose prints all
	// transactions meanwhile; Yes asks nothing.
	Recover, Verbose, Yes bool
	// Chop writes a copy that ends with this zxid, unless it is nil.
	Chop   *zoo.Zxid
	Out    io.Writer
	Answer *bufio.Reader // what a person says to the questions

	fixed int
}

// maxEntryBytes is what a length can be and still be believed.
const maxEntryBytes = 1 << 30

// Run does it.
func (t *TxnLog) Run() error {
	f, err := t.Disk.Open(t.File)
	if err != nil {
		return fail(exitUnexpected, "File doesn't exist or not readable: %s", t.File)
	}
	defer f.Close()
	in := bufio.NewReaderSize(f, 256<<10)
	var head [16]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return fail(exitUnexpected, "%s: no header: %v", t.File, err)
	}
	if string(head[:4]) != "ZKLG" {
		return fail(exitInvocation, "Invalid magic number for %s", filepath.Base(t.File))
	}
	fmt.Fprintf(t.Out, "ZooKeeper Transactional Log File with dbid %d txnlog format version %d\n",
		int64(binary.BigEndian.Uint64(head[8:])), int32(binary.BigEndian.Uint32(head[4:])))
	if t.Chop != nil {
		return t.chop(in)
	}
	if !t.Recover {
		return t.dump(in, io.Discard)
	}
	return t.recover(in, head[:])
}

// recover dumps into the recovery file.
func (t *TxnLog) recover(in *bufio.Reader, head []byte) error {
	name := t.File + ".fixed"
	f, err := t.Disk.CreateNew(name)
	if errors.Is(err, fs.ErrExist) {
		return fail(exitUnexpected, "Recovery file %s already exists or not writable", name)
	}
	if err != nil {
		return err
	}
	to := bufio.NewWriter(f)
	to.Write(head)
	err = t.dump(in, to)
	if err = errors.Join(err, to.Flush(), f.Sync(), f.Close()); err == nil {
		fmt.Fprintf(t.Out, "Recovery file %s has been written with %d fixed CRC error(s)\n",
			name, t.fixed)
	}
	return err
}

// framed is an entry as it is in the file.
type framed struct {
	sum   uint64
	bytes []byte
}

// next gives the next entry, io.EOF at the end of them, whatever it looks like.
func next(in *bufio.Reader) (framed, error) {
	var head [12]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return framed{}, io.EOF
	}
	n := int32(binary.BigEndian.Uint32(head[8:]))
	if n == 0 {
		return framed{}, io.EOF
	}
	if n < 0 || n > maxEntryBytes {
		return framed{}, fail(exitUnexpected, "Unreasonable length = %d", n)
	}
	e := framed{sum: binary.BigEndian.Uint64(head[:])}
	var err error
	e.bytes, err = io.ReadAll(io.LimitReader(in, int64(n)))
	if err == nil && len(e.bytes) < int(n) {
		err = io.EOF
	}
	return e, err
}

func (e framed) good() bool { return e.sum == uint64(adler32.Checksum(e.bytes)) }

// ended takes the byte behind an entry.
func ended(in *bufio.Reader) error {
	if b, err := in.ReadByte(); err != nil || b != 'B' {
		return fail(exitUnexpected, "Last transaction was partial.")
	}
	return nil
}

func (t *TxnLog) dump(in *bufio.Reader, to io.Writer) error {
	for count := 0; ; count++ {
		e, err := next(in)
		if errors.Is(err, io.EOF) {
			fmt.Fprintf(t.Out, "EOF reached after %d txns.\n", count)
			return nil
		}
		if err == nil && !e.good() {
			err = t.mend(&e)
		}
		if err == nil && (!t.Recover || t.Verbose) {
			err = t.print("", e.bytes)
		}
		if err == nil {
			err = ended(in)
		}
		if err != nil {
			return err
		}
		if _, err := to.Write(frame(e)); err != nil {
			return err
		}
	}
}

// frame is an entry for the recovery file, with the checksum that was decided on.
func frame(e framed) []byte {
	b := txnlog.AppendFrame(nil, txn.Entry{Bytes: e.bytes})
	binary.BigEndian.PutUint64(b, e.sum)
	return b
}

// mend tells of a wrong checksum, and makes it right if that is wanted.
func (t *TxnLog) mend(e *framed) error {
	right := uint64(adler32.Checksum(e.bytes))
	if t.Recover && t.Yes {
		e.sum = right
		t.fixed++
		return t.print("CRC FIXED - ", e.bytes)
	}
	if err := t.print("CRC ERROR - ", e.bytes); err != nil || !t.Recover {
		return err
	}
	for {
		fmt.Fprint(t.Out, "Would you like to fix it (Yes/No/Abort) ? ")
		answer, err := t.Answer.ReadString('\n')
		switch answer = strings.ToUpper(strings.TrimSpace(answer)); {
		case strings.HasPrefix(answer, "Y"):
			e.sum = right
			t.fixed++
			return nil
		case strings.HasPrefix(answer, "N"):
			return nil
		case strings.HasPrefix(answer, "A"), err != nil:
			return fail(0, "Recovery aborted.")
		}
	}
}

// print writes a transaction on one line.
func (t *TxnLog) print(prefix string, b []byte) error {
	h, record, _, err := txn.Entry{Bytes: b}.Decode()
	if err != nil {
		return fail(exitUnexpected, "%v", err)
	}
	text, err := recordText(record)
	if err != nil {
		return fail(exitUnexpected, "%v", err)
	}
	_, err = fmt.Fprintf(t.Out, "%s%s session 0x%x cxid 0x%x zxid 0x%x %s %s\n", prefix,
		time.UnixMilli(h.Time).Format("1/2/06, 3:04:05 PM MST"), uint64(h.Session),
		uint32(h.Cxid), uint64(h.Zxid), opText(h.Type), javaText(text))
	return err
}

func opText(op wire.Op) string {
	if op == wire.OpCreateTTL {
		return "createTtl"
	}
	return op.String()
}

// recordText is a record's fields, with commas between them. Records that Java has no
// form of its own for are written as its encoding for people: ' before strings, s{}
// around records, v{} around lists.
func recordText(record jute.Record) (string, error) {
	switch r := record.(type) {
	case *txn.CreateTxn:
		return fmt.Sprintf("%s,%s,%s,%t,%d",
			r.Path, r.Data, aclText(r.ACL), r.Ephemeral, r.ParentCVersion), nil
	case *txn.SetDataTxn:
		return fmt.Sprintf("%s,%s,%d", r.Path, r.Data, r.Version), nil
	case *txn.CreateContainerTxn:
		return fmt.Sprintf("%s,%s,%s,%d", r.Path, r.Data, aclText(r.ACL), r.ParentCVersion), nil
	case *txn.CreateTTLTxn:
		return fmt.Sprintf("%s,%s,%s,%d,%d",
			r.Path, r.Data, aclText(r.ACL), r.ParentCVersion, r.TTL), nil
	case *txn.DeleteTxn:
		return r.Path, nil
	case *txn.CheckVersionTxn:
		return fmt.Sprintf("%s,%d", r.Path, r.Version), nil
	case *txn.MultiTxn:
		return multiText(r)
	case *txn.SetACLTxn:
		return fmt.Sprintf("'%s,v{%s},%d", r.Path, aclItems(r.ACL, ","), r.Version), nil
	case *txn.CreateSessionTxn:
		return fmt.Sprint(r.TimeOut), nil
	case *txn.CloseSessionTxn:
		return closeText(r), nil
	case *txn.ErrorTxn:
		return fmt.Sprint(int32(r.Err)), nil
	}
	return "", nil
}

func closeText(r *txn.CloseSessionTxn) string {
	var paths []string
	for _, path := range r.Paths {
		paths = append(paths, "'"+path)
	}
	return "v{" + strings.Join(paths, ",") + "}"
}

func multiText(r *txn.MultiTxn) (string, error) {
	var parts []string
	for _, part := range r.Txns {
		record, err := txn.NewRecord(part.Type)
		if err != nil {
			return "", err
		}
		d := jute.NewTrustedDecoder(part.Data)
		if record.DecodeFrom(&d); d.Err() != nil {
			return "", d.Err()
		}
		text, err := recordText(record)
		if err != nil {
			return "", err
		}
		parts = append(parts, opText(part.Type)+":"+text)
	}
	return strings.Join(parts, ";"), nil
}

// aclText is a list as Java's List writes its elements, each on a line of its own.
func aclText(list []zoo.ACL) string {
	var items []string
	for _, a := range list {
		items = append(items, fmt.Sprintf("%d,s{'%s,'%s}\n", int32(a.Perms), a.ID.Scheme, a.ID.ID))
	}
	return "[" + strings.Join(items, ", ") + "]"
}

func aclItems(list []zoo.ACL, between string) string {
	var items []string
	for _, a := range list {
		items = append(items,
			fmt.Sprintf("s{%d,s{'%s,'%s}}", int32(a.Perms), a.ID.Scheme, a.ID.ID))
	}
	return strings.Join(items, between)
}
