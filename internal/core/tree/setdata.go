package tree

import (
	"zoo"
	"zoo/internal/jute"
	"zoo/internal/txn"
)

func (t *Tree) applySetData(r *Result, d *jute.Decoder) error {
	var record txn.SetDataTxn
	record.DecodeFrom(d)
	if d.Err() != nil {
		return d.Err()
	}
	r.Path = record.Path
	s, exists := t.findNamed(record.Path)
	if !exists {
		r.Code = zoo.CodeNoNode
		return nil
	}
	t.touch(s)
	n := t.nodes.at(s)
	t.charge(record.Path, 0, int64(len(record.Data)-n.dataBytes()))
	t.replaceBytes(n, record.Data)
	n.prefix = t.dataPrefix(record.Path, record.Data)
	n.version, n.mzxid, n.mtime = record.Version, r.Header.Zxid, r.Header.Time
	t.recount(n)
	r.Stat, r.Data = t.nodes.stat(n, t.owners.types), record.Data
	t.tell(zoo.EventNodeDataChanged, record.Path, n.acl)
	return nil
}
