package prep

import (
	"zoo"
	"zoo/internal/core/tree"
	"zoo/internal/jute"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

func (p *Preparer) setData() zoo.Code {
	var r wire.SetDataRequest
	r.DecodeFrom(&p.body)
	if p.body.Err() != nil {
		return zoo.CodeMarshallingError
	}
	node, code := p.target(r.Path, zoo.PermWrite)
	if code != zoo.CodeOK {
		return code
	}
	if !tree.ValidQuotaWrite(r.Path, r.Data) {
		return zoo.CodeBadArguments
	}
	if code := p.checkQuotaOfData(&r, node); code != zoo.CodeOK {
		return code
	}
	version, same := compareVersion(node.stat.Version, r.Version)
	if !same {
		return zoo.CodeBadVersion
	}
	at := len(p.out)
	record := txn.SetDataTxn{Path: r.Path, Data: r.Data, Version: version}
	p.out = record.AppendTo(p.out)
	d := jute.NewTrustedDecoder(p.out[at:])
	node = p.changes.touch(d.String(), node)
	node.data, node.dataInTree = d.Buffer(), false
	node.stat.Version, node.stat.Mzxid, node.stat.Mtime = version, p.header.Zxid, p.header.Time
	p.recount(node)
	return zoo.CodeOK
}

// target finds the znode that a request is about, if its session may write, its
// path is one, and the znode grants the permission.
func (p *Preparer) target(path string, perm zoo.Perms) (*change, zoo.Code) {
	if code := p.checkSession(); code != zoo.CodeOK {
		return nil, code
	}
	if zoo.ValidatePath(path) != nil {
		return nil, zoo.CodeBadArguments
	}
	node := p.look(path, &p.node)
	switch {
	case node == nil:
		return nil, zoo.CodeNoNode
	case !p.allows(node, perm):
		return nil, zoo.CodeNoAuth
	}
	return node, zoo.CodeOK
}
