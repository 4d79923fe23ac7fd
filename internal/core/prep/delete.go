package prep

import (
	"zoo"
	"zoo/internal/jute"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

func (p *Preparer) delete() zoo.Code {
	var r wire.DeleteRequest
	r.DecodeFrom(&p.body)
	if p.body.Err() != nil {
		return zoo.CodeMarshallingError
	}
	if code := p.checkSession(); code != zoo.CodeOK {
		return code
	}
	above, ok := deletable(r.Path)
	if !ok {
		return zoo.CodeBadArguments
	}
	parent := p.look(above, &p.parent)
	switch {
	case parent == nil:
		return zoo.CodeNoNode
	case !p.allows(parent, zoo.PermDelete):
		return zoo.CodeNoAuth
	}
	node := p.look(r.Path, &p.node)
	if node == nil {
		return zoo.CodeNoNode
	}
	if _, same := compareVersion(node.stat.Version, r.Version); !same {
		return zoo.CodeBadVersion
	}
	if node.children > 0 {
		return zoo.CodeNotEmpty
	}
	p.remove(r.Path)
	return zoo.CodeOK
}

// deleteContainer deletes a znode that the reaper found empty. It checks neither
// session nor permissions, and takes any znode but an ephemeral; as in Java every
// client may ask for it.
func (p *Preparer) deleteContainer() zoo.Code {
	var r wire.DeleteContainerRequest
	r.DecodeFrom(&p.body)
	if p.body.Err() != nil {
		return zoo.CodeMarshallingError
	}
	if _, ok := deletable(r.Path); !ok {
		return zoo.CodeBadArguments
	}
	node := p.look(r.Path, &p.node)
	switch {
	case node == nil:
		return zoo.CodeNoNode
	case node.children > 0:
		return zoo.CodeNotEmpty
	case p.isEphemeral(node):
		return zoo.CodeBadVersion
	}
	p.remove(r.Path)
	return zoo.CodeOK
}

// deletable gives the parent of a path that may be deleted.
func deletable(path string) (parent string, ok bool) {
	switch path {
	case "/", "/zookeeper", "/zookeeper/quota", "/zookeeper/config":
		return "", false
	}
	return parentOf(path)
}

// remove appends the record of a deletion and records it.
func (p *Preparer) remove(path string) {
	at := len(p.out)
	record := txn.DeleteTxn{Path: path}
	p.out = record.AppendTo(p.out)
	d := jute.NewTrustedDecoder(p.out[at:])
	p.drop(d.String())
}
