package inspect

import (
	"errors"
	"fmt"
	"io"

	"zoo"
	"zoo/internal/disk/txnlog"
	"zoo/internal/disk/vfs"
	"zoo/internal/txn"
)

// Damage is a place that is not as it was written.
type Damage struct {
	File   string `json:"file"`
	Offset int64  `json:"offset"`
	Size   int64  `json:"bytes"`
	Want   string `json:"want"`
	Got    string `json:"got"`
	// Torn means what a power cut leaves of a write that nobody was promised: a
	// server cuts it off, with all behind it, when it starts.
	Torn bool `json:"torn"`
	// Zxid is what the damaged entry calls itself, if that can be read.
	Zxid string `json:"zxid,omitempty"`
}

// String is the damage on one line.
func (d Damage) String() string {
	kind := "DAMAGE"
	if d.Torn {
		kind = "TORN"
	}
	text := fmt.Sprintf("%s %s at offset %d, %d bytes: want %s, got %s",
		kind, d.File, d.Offset, d.Size, d.Want, d.Got)
	if d.Zxid != "" {
		text += "; calls itself zxid " + d.Zxid
	}
	return text
}

// Record is a line of a dump: a transaction, or a damaged place.
type Record struct {
	File   string `json:"file"`
	Offset int64  `json:"offset"`
	Size   int64  `json:"bytes"`
	*Transaction
	Damage *Damage `json:"damage,omitempty"`

	// Entry is what the transaction is made of.
	Entry txn.Entry `json:"-"`
}

// survey shows the places of a log file in their order.
func survey(disk vfs.FS, path string, visit func(txnlog.Place) error) (size int64, err error) {
	s, err := txnlog.OpenSurvey(disk, path)
	if err != nil {
		return 0, err
	}
	defer s.Close()
	for {
		p, err := s.Next()
		if errors.Is(err, io.EOF) {
			return s.Size(), nil
		}
		if err == nil {
			err = visit(p)
		}
		if err != nil {
			return s.Size(), err
		}
	}
}

func damageOf(path string, p txnlog.Place) *Damage {
	d := &Damage{File: path, Offset: p.Offset, Size: p.Size,
		Want: p.Damage.Want, Got: p.Damage.Got, Torn: p.Damage.Torn}
	if p.Damage.Claimed > 0 {
		d.Zxid = p.Damage.Claimed.String()
	}
	return d
}

// Dump shows the transactions and the damage of log files, all of it.
func Dump(disk vfs.FS, paths []string, o DumpOptions, show func(Record) error) error {
	disk = meter(disk, o.Progress, paths...)
	for _, path := range paths {
		_, err := survey(disk, path, func(p txnlog.Place) error {
			if p.Damage == nil && !o.within(p.Entry.Zxid) {
				return nil
			}
			r := record(path, p, o.Data)
			if r.Transaction != nil && !o.wants(r.Transaction) {
				return nil
			}
			return show(r)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// record puts a place into words. An entry that nobody can read is damage, whatever
// its checksum.
func record(path string, p txnlog.Place, data Data) Record {
	r := Record{File: path, Offset: p.Offset, Size: p.Size, Entry: p.Entry}
	if p.Damage != nil {
		r.Damage = damageOf(path, p)
		return r
	}
	t, err := Describe(p.Entry, data)
	if err != nil {
		r.Damage = &Damage{File: path, Offset: p.Offset, Size: p.Size, Zxid: p.Entry.Zxid.String(),
			Want: "a transaction that can be read", Got: err.Error()}
		return r
	}
	r.Transaction = &t
	return r
}

// LogReport is what verifying tells of one file.
type LogReport struct {
	File string `json:"file"`
	// Size is the file's, Used what is not padding.
	Size         int64  `json:"bytes"`
	Used         int64  `json:"usedBytes"`
	Transactions int    `json:"transactions"`
	First        string `json:"firstZxid,omitempty"`
	Last         string `json:"lastZxid,omitempty"`
	// Damages are all damaged places; Gaps are zxids that are missing between whole
	// entries, or between this file and the one before it.
	Damages []Damage `json:"damages"`
	Gaps    []Gap    `json:"gaps"`
}

// Gap is a place where the history does not go on as it must.
type Gap struct {
	File   string `json:"file"`
	Offset int64  `json:"offset"`
	After  string `json:"afterZxid"`
	Found  string `json:"foundZxid"`

	before, next zoo.Zxid
}

// String is the gap on one line.
func (g Gap) String() string {
	return fmt.Sprintf("GAP %s at offset %d: after %s comes %s",
		g.File, g.Offset, g.After, g.Found)
}

// Torn tells whether the only damage is one that a start heals.
func (r LogReport) Torn() bool { return len(r.Damages) > 0 && r.Good() }

// Good tells whether a server starts with the file as it is.
func (r LogReport) Good() bool {
	for i, d := range r.Damages {
		if i > 0 {
			break // a server has forgotten the rest with the torn place
		}
		if !d.Torn {
			return false
		}
	}
	return len(r.Gaps) == 0
}

// VerifyLogs reads log files that follow each other and reports on each.
func VerifyLogs(disk vfs.FS, paths []string, tell Progress) ([]LogReport, error) {
	disk = meter(disk, tell, paths...)
	var reports []LogReport
	var before txn.Entry
	for _, path := range paths {
		v := &verifier{before: before,
			report: LogReport{File: path, Damages: []Damage{}, Gaps: []Gap{}}}
		size, err := survey(disk, path, v.place)
		if err != nil {
			return reports, err
		}
		v.report.Size = size
		reports = append(reports, v.report)
		before = v.before
	}
	return reports, nil
}

// verifier goes through one file.
type verifier struct {
	report LogReport
	before txn.Entry // the whole entry before; its zxid is 0 at first
	torn   bool      // a server has stopped reading the file
}

func (v *verifier) place(p txnlog.Place) error {
	r := &v.report
	r.Used = p.Offset + p.Size
	described := record(r.File, p, HideData)
	if described.Damage != nil {
		r.Damages = append(r.Damages, *described.Damage)
		v.torn = v.torn || described.Damage.Torn
		return nil
	}
	r.Transactions++
	r.Last = p.Entry.Zxid.String()
	if r.First == "" {
		r.First = r.Last
	}
	v.order(p)
	return nil
}

// order looks for a gap. What lies behind a torn place was never promised, so what
// is missing before it is not missed.
func (v *verifier) order(p txnlog.Place) {
	if v.torn {
		return
	}
	before := v.before.Zxid
	repeated := p.Entry.Zxid == before && string(p.Entry.Bytes) == string(v.before.Bytes)
	if before != 0 && !repeated && !p.Entry.Zxid.Follows(before) {
		v.report.Gaps = append(v.report.Gaps, Gap{
			File: v.report.File, Offset: p.Offset, before: before, next: p.Entry.Zxid,
			After: before.String(), Found: p.Entry.Zxid.String()})
	}
	v.before = p.Entry
}
