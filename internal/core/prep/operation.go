package prep

import (
	"zoo"
	"zoo/internal/wire"
)

const opError = wire.OpError

// operation checks the request in p.body, appends its record to p.out and records
// its changes. After anything but CodeOK the caller rolls back.
type operation func(p *Preparer) zoo.Code

// parts are the operations that may stand in a multi, and alone.
var parts = map[wire.Op]operation{
	wire.OpCreate:          (*Preparer).create,
	wire.OpCreate2:         (*Preparer).create,
	wire.OpCreateContainer: (*Preparer).createContainer,
	wire.OpCreateTTL:       (*Preparer).createTTL,
	wire.OpDelete:          (*Preparer).delete,
	wire.OpSetData:         (*Preparer).setData,
}

// wholes are the operations that stand alone only.
var wholes = map[wire.Op]operation{
	wire.OpSetACL:          (*Preparer).setACL,
	wire.OpDeleteContainer: (*Preparer).deleteContainer,
	wire.OpMulti:           (*Preparer).multi,
	wire.OpReconfig:        (*Preparer).reconfig,
	wire.OpCreateSession:   (*Preparer).createSession,
	wire.OpCloseSession:    (*Preparer).closeSession,
}

// expansions are the extensions that write. Each appends whole parts, as many as it
// takes, because what they ask for is no transaction of its own.
var expansions = map[wire.Op]operation{
	wire.OpCheckNotExists:    (*Preparer).checkNotExists,
	wire.OpCreateIfNotExists: (*Preparer).createIfNotExists,
	wire.OpRemoveRecursive:   (*Preparer).removeRecursive,
	wire.OpTryRemove:         (*Preparer).tryRemove,
}

// find gives the operation of a request.
func find(op wire.Op) (operation, bool) {
	if f, ok := parts[op]; ok {
		return f, true
	}
	if _, ok := expansions[op]; ok {
		return (*Preparer).expand, op != wire.OpCheckNotExists
	}
	f, ok := wholes[op]
	return f, ok
}

// findPart gives the operation of a part of a multi; check stands nowhere else.
func findPart(op wire.Op) (operation, bool) {
	if op == wire.OpCheck {
		return (*Preparer).check, true
	}
	if f, ok := expansions[op]; ok {
		return f, true
	}
	f, ok := parts[op]
	return f, ok
}
