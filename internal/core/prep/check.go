package prep

import (
	"zoo"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

// check compares a version. Its record holds the version after the present one, as
// if it were to change something; it does not.
func (p *Preparer) check() zoo.Code {
	var r wire.CheckVersionRequest
	r.DecodeFrom(&p.body)
	if p.body.Err() != nil {
		return zoo.CodeMarshallingError
	}
	node, code := p.target(r.Path, zoo.PermRead)
	if code != zoo.CodeOK {
		return code
	}
	version, same := compareVersion(node.stat.Version, r.Version)
	if !same {
		return zoo.CodeBadVersion
	}
	record := txn.CheckVersionTxn{Path: r.Path, Version: version}
	p.out = record.AppendTo(p.out)
	return zoo.CodeOK
}
