package prep

import "zoo"

// reconfig refuses: the members of an ensemble come from its configuration files.
func (p *Preparer) reconfig() zoo.Code {
	if p.config.Quorum {
		return zoo.CodeReconfigDisabled
	}
	return zoo.CodeUnimplemented
}
