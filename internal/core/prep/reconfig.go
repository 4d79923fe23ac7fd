package prep

import (
	"errors"
	"strings"

	"zoo"
	"zoo/internal/core/quorum"
	"zoo/internal/jute"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

// Ensemble is what the preparer asks of the ensemble that its server leads.
type Ensemble interface {
	// Members is the configuration in force, and the one that is proposed.
	Members() quorum.Ensemble
	// Synced tells whether a quorum of a configuration is connected and in sync.
	Synced(v *quorum.View) bool
}

// configPath is the znode that holds the configuration.
const configPath = "/zookeeper/config"

// anyConfig is the version of a reconfig that does not care for the present one's.
const anyConfig = -1

// reconfig makes the change of the ensemble a write to the znode that holds the
// configuration, with the zxid as the version. The order of its checks is ZooKeeper's.
func (p *Preparer) reconfig() zoo.Code {
	var r wire.ReconfigRequest
	whole := wire.ReconfigNamesAll(p.body)
	r.DecodeFrom(&p.body)
	switch {
	case p.body.Err() != nil:
		return zoo.CodeMarshallingError
	case !p.config.ReconfigEnabled:
		return zoo.CodeReconfigDisabled
	case !p.config.Quorum:
		return zoo.CodeUnimplemented
	}
	if code := p.checkSession(); code != zoo.CodeOK {
		return code
	}
	members := p.config.Ensemble.Members()
	switch {
	case members.Next != nil:
		return zoo.CodeReconfigInProgress
	case r.CurConfigID != anyConfig && zoo.Zxid(r.CurConfigID) != members.Current.Version():
		return zoo.CodeBadVersion
	}
	next, code := p.nextView(members.Current, &r, whole)
	switch {
	case code != zoo.CodeOK:
		return code
	case !p.config.Ensemble.Synced(next):
		return zoo.CodeNewConfigNoQuorum
	}
	return p.configure(next)
}

// nextView is the configuration that a reconfig asks for: by a whole list, or by who joins
// and leaves.
func (p *Preparer) nextView(
	present *quorum.View, r *wire.ReconfigRequest, whole bool,
) (*quorum.View, zoo.Code) {
	var next *quorum.View
	var err error
	if whole {
		next, err = quorum.ParseMembers(r.NewMembers, p.header.Zxid)
	} else {
		next, err = present.Change(r.JoiningServers, r.LeavingServers, p.header.Zxid)
	}
	switch {
	case whole && strings.Trim(r.NewMembers, ", \t\r\n") == "" && p.config.VotersMin > 1:
		return nil, zoo.CodeBadArguments // Java falls over nobody at all only without a minimum.
	case errors.Is(err, quorum.ErrNumber):
		return nil, zoo.CodeMarshallingError
	case err != nil, len(next.Voters()) < p.config.VotersMin:
		return nil, zoo.CodeBadArguments
	}
	return next, zoo.CodeOK
}

// configure writes the configuration, if the request may.
func (p *Preparer) configure(next *quorum.View) zoo.Code {
	node := p.look(configPath, &p.node)
	switch {
	case node == nil:
		return zoo.CodeNoNode
	case !p.allows(node, zoo.PermWrite):
		return zoo.CodeNoAuth
	}
	at := len(p.out)
	record := txn.SetDataTxn{Path: configPath, Data: []byte(next.Text()), Version: -1}
	p.out = record.AppendTo(p.out)
	d := jute.NewTrustedDecoder(p.out[at:])
	node = p.changes.touch(d.String(), node)
	node.data, node.dataInTree = d.Buffer(), false
	node.stat.Version, node.stat.Mzxid, node.stat.Mtime = -1, p.header.Zxid, p.header.Time
	p.recount(node)
	return zoo.CodeOK
}
