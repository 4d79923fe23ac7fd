package prep

import (
	"zoo"
	"zoo/internal/wire"
)

// Excess is a write that goes beyond a quota.
type Excess struct {
	// Quota is the path of the quota, Path that of the write. Both share memory
	// with the request.
	Quota, Path string
	// What is "count" or "bytes".
	What         string
	Value, Limit int64
	// Hard tells that the write was refused.
	Hard bool
}

// TakeExcess gives the last excess since it was asked for, and how many there were.
func (p *Preparer) TakeExcess() (last Excess, count int) {
	last, count = p.excess, p.excesses
	p.excess, p.excesses = Excess{}, 0
	return last, count
}

// checkQuota compares a write with the quota that its path falls under. As in Java
// the usage is the one of what is applied: what is under way is not counted.
func (p *Preparer) checkQuota(path string, count, bytes int64) zoo.Code {
	if !p.config.EnforceQuota {
		return zoo.CodeOK
	}
	q, ok := p.tree.Quota(path)
	if !ok {
		return zoo.CodeOK
	}
	e := Excess{Quota: q.Path, Path: path, What: "count"}
	if count != 0 && p.exceeds(e, q.Count+count, q.CountLimit, q.CountHardLimit) {
		return zoo.CodeQuotaExceeded
	}
	e.What = "bytes"
	if bytes != 0 && p.exceeds(e, q.Bytes+bytes, q.BytesLimit, q.BytesHardLimit) {
		return zoo.CodeQuotaExceeded
	}
	return zoo.CodeOK
}

// checkQuotaOfData is checkQuota for data that replaces other.
func (p *Preparer) checkQuotaOfData(r *wire.SetDataRequest, node *change) zoo.Code {
	if !p.config.EnforceQuota {
		return zoo.CodeOK
	}
	return p.checkQuota(r.Path, 0, int64(len(r.Data)-len(p.dataOf(r.Path, node))))
}

// exceeds tells whether a value is beyond a hard limit. A soft limit counts only
// where there is no hard one, and only makes a note.
func (p *Preparer) exceeds(e Excess, value, soft, hard int64) bool {
	e.Value, e.Limit, e.Hard = value, soft, hard >= 0
	if e.Hard {
		e.Limit = hard
	}
	if e.Limit < 0 || value <= e.Limit {
		return false
	}
	p.excess = e
	p.excesses++
	return e.Hard
}
