package prep

import (
	"zoo"
	"zoo/internal/wire"
)

// reconfig refuses: the members of an ensemble come from its configuration files.
func (p *Preparer) reconfig() zoo.Code {
	var r wire.ReconfigRequest
	r.DecodeFrom(&p.body)
	switch {
	case p.body.Err() != nil:
		return zoo.CodeMarshallingError
	case p.config.ReconfigEnabled && !p.config.Quorum:
		return zoo.CodeUnimplemented
	}
	return zoo.CodeReconfigDisabled
}
