package server

import (
	"bytes"
	"strings"

	"zoo"
	"zoo/internal/jute"
	"zoo/internal/net/sasl"
	"zoo/internal/wire"
)

// What lets a client in is answered as soon as it is read, by the reader alone: it
// stands outside the order of the other requests, as in Java, and a session that
// waits for its write can be given another identity meanwhile.

// auth adds identities to the connection. A refusal ends it. The scheme ensemble is
// refused without an answer, as is what cannot be read: the client should try another
// server, and an answer would make it give up.
func (t *turn) auth(xid int32, body []byte) bool {
	var r wire.AuthPacket
	d := jute.NewDecoder(body)
	r.DecodeFrom(&d)
	if d.Err() != nil {
		return false
	}
	c := t.conn
	rules := &c.server.cfg.Rules
	added, code := rules.Authenticate(r.Scheme, r.Auth, c.host)
	if rules.Certified(r.Scheme, c.ids) {
		code = zoo.CodeOK
	}
	c.server.countEnsemble(&r, code)
	switch code {
	case zoo.CodeOK:
		if !c.addIDs(added) {
			t.refuseIDs(xid, r.Scheme, nil)
			return true
		}
		t.reply(xid, zoo.CodeOK, nil)
		return true
	case zoo.CodeBadArguments:
		c.distrust(refusedEnsemble, r.Scheme)
		return false
	}
	why := refusedProof
	if !rules.Knows(r.Scheme) {
		why = refusedScheme
	}
	c.distrust(why, r.Scheme)
	t.reply(xid, zoo.CodeAuthFailed, nil)
	c.ending = true
	return true
}

// refuseIDs ends a connection whose client wants to be too many.
func (t *turn) refuseIDs(xid int32, scheme string, body []byte) {
	t.conn.distrust(refusedIDs, scheme)
	t.reply(xid, zoo.CodeAuthFailed, body)
	t.conn.ending = true
}

// countEnsemble counts the answers of the scheme ensemble.
func (s *Server) countEnsemble(r *wire.AuthPacket, code zoo.Code) {
	switch rules := &s.cfg.Rules; {
	case r.Scheme != "ensemble" || !rules.Knows(r.Scheme):
	case code != zoo.CodeOK:
		s.meters.auth.ensembleFailed.Inc()
	case len(r.Auth) == 0 || len(rules.EnsembleNames) == 0:
		s.meters.auth.ensembleSkipped.Inc()
	default:
		s.meters.auth.ensemblePassed.Inc()
	}
}

// sasl takes a token of the client and answers with the next challenge. It computes
// without the connection's lock: for Kerberos that takes a while, and the loop has
// events to deliver.
func (t *turn) sasl(xid int32, body []byte) bool {
	d := jute.NewDecoder(body)
	token := d.Buffer()
	if d.Err() != nil || token == nil || len(token) > sasl.TokenBytesMax {
		return false
	}
	c := t.conn
	if c.server.cfg.Access.SASL == nil {
		// As in Java, which does not tell a client that there is no login.
		t.reply(xid, zoo.CodeOK, appendToken(nil))
		return true
	}
	t.release()
	if c.exchange == nil {
		c.exchange = c.server.cfg.Access.SASL.Begin()
	}
	challenge, done, err := c.exchange.Respond(bytes.Clone(token))
	t.lock(holdConn)
	switch {
	case c.ending:
		return true
	case err != nil:
		t.refuseSASL(xid, err)
		return true
	case done && !c.addIDs(c.server.cfg.Rules.SASLIDs(c.exchange.AuthorizationID())):
		t.refuseIDs(xid, "sasl", appendToken(nil))
		return true
	}
	t.reply(xid, zoo.CodeOK, appendToken(challenge))
	return true
}

// refuseSASL ends a connection whose client was not authenticated, unless such
// clients may stay.
func (t *turn) refuseSASL(xid int32, err error) {
	c := t.conn
	access := &c.server.cfg.Access
	c.distrust(refusedSASL, "sasl", "error", err)
	code := zoo.CodeAuthFailed
	switch {
	case access.requiresSASL():
		code = zoo.CodeSessionClosedRequireSaslAuth
	case access.SASLFailedAllowed:
		code = zoo.CodeOK
	}
	t.reply(xid, code, appendToken(nil))
	c.ending = c.ending || code != zoo.CodeOK
}

// appendToken makes the body of the answer; nil is the null that ends in refusals.
func appendToken(token []byte) []byte {
	record := wire.SetSASLResponse{Token: token}
	return record.AppendTo(nil)
}

// bar refuses what a client asks before it has authenticated as it must.
func (t *turn) bar(xid int32) {
	s := t.conn.server
	schemes := strings.Join(s.cfg.Access.Enforced, ",")
	t.conn.distrust(refusedBare, schemes)
	t.reply(xid, zoo.CodeSessionClosedRequireSaslAuth, nil)
	t.conn.ending = true
}

// reply appends an answer that is made at receipt, which has no zxid.
func (t *turn) reply(xid int32, code zoo.Code, body []byte) {
	b, mark := wire.BeginFrame(t.conn.beginLocked())
	header := wire.ReplyHeader{Xid: xid, Err: code}
	b = wire.EndFrame(append(header.AppendTo(b), body...), mark)
	t.conn.endLocked(b)
	t.conn.traffic.noteReply(xid, len(b)-mark-wire.FrameHeaderBytes)
	t.answers++
}
