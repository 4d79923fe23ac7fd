package robust

import (
	"zoo"
	"zoo/internal/check/history"
	"zoo/internal/jute"
	"zoo/internal/wire"
)

// clock gives the time since the run began.
type clock func() int64

// do carries out one operation and takes it down.
func (s *session) do(now clock, op history.Operation) {
	code, request, response := s.request(&op)
	stream := s.stream
	op.Call = at(now())
	header, body, err := s.call(code, request)
	op.Return = at(now())
	if err == nil && isOutcome(header.Err) {
		op.Answered, op.Code, op.Zxid = true, header.Err, header.Zxid
		if response != nil && header.Err == zoo.CodeOK {
			d := jute.NewDecoder(body)
			response.DecodeFrom(&d)
			op.Stat, op.Value = statOf(response, op.Value)
		}
		s.noteWatch(&op)
	} else {
		op.Watch = 0
	}
	stream.Add(op)
	s.done = &op
}

// readFresh reads behind a sync on the same connection: what was acknowledged to anybody
// before the sync must be there (docs/adr/0045).
func (s *session) readFresh(now clock, path string) {
	s.do(now, history.Operation{Kind: history.Sync, Path: path})
	if sync := s.last(); sync.Answered && sync.Code == zoo.CodeOK {
		s.do(now, history.Operation{Kind: history.Read, Path: path, Fresh: true,
			Since: sync.Call})
	}
}

// last is what do has taken down last.
func (s *session) last() *history.Operation { return s.done }

// isOutcome tells whether a code says what has become of a request. After any other one
// it may have been carried out or not.
func isOutcome(code zoo.Code) bool {
	switch code {
	case zoo.CodeOK, zoo.CodeNoNode, zoo.CodeNodeExists, zoo.CodeBadVersion:
		return true
	}
	return false
}

// request is what an operation looks like on the wire, and its answer, if that has a Stat.
func (s *session) request(op *history.Operation) (wire.Op, jute.Record, jute.Record) {
	switch op.Kind {
	case history.Create:
		return wire.OpCreate2, &wire.CreateRequest{Path: op.Path, Data: []byte(op.Value),
			ACL: zoo.OpenACL()}, &wire.Create2Response{}
	case history.Set:
		return wire.OpSetData, &wire.SetDataRequest{Path: op.Path, Data: []byte(op.Value),
			Version: op.Version}, &wire.SetDataResponse{}
	case history.Delete:
		return wire.OpDelete, &wire.DeleteRequest{Path: op.Path, Version: op.Version}, nil
	case history.Read:
		return wire.OpGetData, &wire.GetDataRequest{Path: op.Path, Watch: op.Watch != 0},
			&wire.GetDataResponse{}
	case history.Exists:
		return wire.OpExists, &wire.ExistsRequest{Path: op.Path, Watch: op.Watch != 0},
			&wire.ExistsResponse{}
	}
	return wire.OpSync, &wire.SyncRequest{Path: op.Path}, nil
}

// statOf is the Stat of an answer, and the value if that is shown.
func statOf(response jute.Record, value string) (zoo.Stat, string) {
	switch r := response.(type) {
	case *wire.Create2Response:
		return r.Stat, value
	case *wire.SetDataResponse:
		return r.Stat, value
	case *wire.GetDataResponse:
		return r.Stat, string(r.Data)
	case *wire.ExistsResponse:
		return r.Stat, value
	}
	return zoo.Stat{}, value
}

// noteWatch keeps the watch that an answer has set. A read of a znode that is not there
// sets none, unless it is Exists.
func (s *session) noteWatch(op *history.Operation) {
	absent := op.Code == zoo.CodeNoNode
	switch {
	case op.Watch == 0:
		return
	case absent && op.Kind != history.Exists, op.Code != zoo.CodeOK && !absent:
		op.Watch = 0
		return
	}
	if _, stands := s.watches[op.Path]; !stands {
		// Only now: the one that stood when this was asked for may have fired since.
		s.lastID++
		s.watches[op.Path] = watching{s.lastID, absent}
	}
	op.Watch = s.watches[op.Path].id
}
