package prep

import (
	"zoo"
	"zoo/internal/jute"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

// setACL changes the ACL and its version, and neither mzxid nor mtime.
func (p *Preparer) setACL() zoo.Code {
	var r wire.SetACLRequest
	r.DecodeFrom(&p.body)
	if p.body.Err() != nil {
		return zoo.CodeMarshallingError
	}
	if code := p.checkSession(); code != zoo.CodeOK {
		return code
	}
	if zoo.ValidatePath(r.Path) != nil {
		return zoo.CodeBadArguments
	}
	acls, code := p.config.ACL.Fix(r.ACL, p.request.IDs)
	if code != zoo.CodeOK {
		return code
	}
	node, code := p.target(r.Path, zoo.PermAdmin)
	if code != zoo.CodeOK {
		return code
	}
	version, same := compareVersion(node.stat.Aversion, r.Version)
	if !same {
		return zoo.CodeBadVersion
	}
	at := len(p.out)
	record := txn.SetACLTxn{Path: r.Path, ACL: acls, Version: version}
	p.out = record.AppendTo(p.out)
	d := jute.NewTrustedDecoder(p.out[at:])
	node = p.changes.touch(d.String(), node)
	node.acl, node.stat.Aversion = p.storedACL(&d), version
	p.recount(node)
	return zoo.CodeOK
}
