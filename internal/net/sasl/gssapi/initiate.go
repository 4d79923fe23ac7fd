package gssapi

import (
	"encoding/binary"
	"fmt"

	"github.com/jcmturner/gokrb5/v8/client"
	krb5 "github.com/jcmturner/gokrb5/v8/config"
	"github.com/jcmturner/gokrb5/v8/crypto"
	"github.com/jcmturner/gokrb5/v8/iana/flags"
	"github.com/jcmturner/gokrb5/v8/iana/keyusage"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"

	"zoo/internal/core/acl/principal"
	"zoo/internal/net/sasl"
)

// Login is who this server or client is, for others to hear. It may be used by many
// goroutines.
type Login struct {
	principal principal.Name
	keys      *keys
	settings  *krb5.Config
}

// NewLogin reads the keytab and krb5.conf, which names the KDC.
func NewLogin(o Options, krb5Conf string) (*Login, error) {
	k, err := loadKeys(o.KeyTab, o.Principal)
	if err != nil {
		return nil, fmt.Errorf("GSSAPI: %w", err)
	}
	settings, err := krb5.Load(krb5Conf)
	if err != nil {
		return nil, fmt.Errorf("GSSAPI: %s: %w", krb5Conf, err)
	}
	return &Login{principal: o.Principal, keys: k, settings: settings}, nil
}

// Begin starts to prove who we are to a service, service/host. Its first step asks the
// KDC, and waits for it.
func (l *Login) Begin(service string) sasl.Initiator {
	return &initiator{ticket: func() (pass, error) { return l.ticket(service) },
		user: l.principal}
}

// pass is a ticket with the key that only we, the service and the KDC know.
type pass struct {
	ticket messages.Ticket
	key    types.EncryptionKey
}

// ticket logs in anew each time: servers seldom connect, and so no key of a session
// outlives its use.
func (l *Login) ticket(service string) (p pass, err error) {
	defer breaks(&err)
	user := nameOf(l.principal)
	c := client.NewWithKeytab(user.PrincipalNameString(), l.principal.Realm,
		l.keys.current().keytab, l.settings, client.DisablePAFXFAST(true))
	defer c.Destroy()
	if err := c.Login(); err != nil {
		return p, refusal("log in as %s: %w", l.principal, err)
	}
	if p.ticket, p.key, err = c.GetServiceTicket(service); err != nil {
		return p, refusal("ticket of %s for %s: %w", l.principal, service, err)
	}
	return p, nil
}

// nameOf is a principal as it stands in messages; a user's has no host.
func nameOf(p principal.Name) types.PrincipalName {
	if p.Host == "" {
		return types.NewPrincipalName(1, p.Service)
	}
	return types.NewPrincipalName(1, p.Service+"/"+p.Host)
}

// initiator is our side of one exchange. One goroutine uses it at a time.
type initiator struct {
	ticket func() (pass, error)
	user   principal.Name

	stage   stage
	pass    pass
	proof   types.Authenticator
	context *context
}

// flagsWanted are a proof of the service too, order, and that messages are not changed.
const flagsWanted = contextFlagMutual | 8 | 32

// Step takes the next challenge.
func (i *initiator) Step(challenge []byte) (token []byte, done bool, err error) {
	now := i.stage
	i.stage = over
	switch now {
	case wantTicket:
		token, err = i.hello()
		i.stage = wantNothing
	case wantNothing:
		token, err = []byte{}, i.meet(challenge)
		i.stage = wantLayer
	case wantLayer:
		token, err = i.choose(challenge)
		done = err == nil
		i.stage = over
	default:
		err = refusal("the exchange is over")
	}
	if err != nil {
		i.stage = over
		return nil, false, err
	}
	return token, done, nil
}

// hello is the AP-REQ.
func (i *initiator) hello() (token []byte, err error) {
	if i.pass, err = i.ticket(); err != nil {
		return nil, err
	}
	kind, err := crypto.GetEtype(i.pass.key.KeyType)
	if err != nil || !isModern(i.pass.key.KeyType) {
		return nil, refusal("encryption type %d of our ticket: only AES is spoken",
			i.pass.key.KeyType)
	}
	name := nameOf(i.user)
	if i.proof, err = types.NewAuthenticator(i.user.Realm, name); err != nil {
		return nil, refusal("authenticator: %w", err)
	}
	err = i.proof.GenerateSeqNumberAndSubKey(i.pass.key.KeyType, kind.GetKeyByteSize())
	if err != nil {
		return nil, refusal("authenticator: %w", err)
	}
	sum := make([]byte, checksumBytesMin)
	binary.LittleEndian.PutUint32(sum, bindingsBytes)
	binary.LittleEndian.PutUint32(sum[checksumFlagsAt:], flagsWanted)
	i.proof.Cksum = types.Checksum{CksumType: checksumGSS, Checksum: sum}
	request, err := messages.NewAPReq(i.pass.ticket, i.pass.key, i.proof)
	if err != nil {
		return nil, refusal("AP-REQ: %w", err)
	}
	types.SetFlag(&request.APOptions, flags.APOptionMutualRequired)
	body, err := request.Marshal()
	if err != nil {
		return nil, refusal("AP-REQ: %w", err)
	}
	return frame(body, tokenAPReq), nil
}

// meet looks whether the other end could read our authenticator, as only the service can.
func (i *initiator) meet(token []byte) (err error) {
	defer breaks(&err)
	body, err := unframe(token, tokenAPRep)
	if err != nil {
		return err
	}
	var reply messages.APRep
	if err := reply.Unmarshal(body); err != nil {
		return refusal("the answer is no AP-REP: %w", err)
	}
	plain, err := decrypt(reply.EncPart.Cipher, i.pass.key, keyusage.AP_REP_ENCPART)
	if err != nil {
		return refusal("the service does not know the key of our ticket")
	}
	var part messages.EncAPRepPart
	if err := part.Unmarshal(plain); err != nil {
		return refusal("AP-REP: %w", err)
	}
	if part.CTime.Unix() != i.proof.CTime.Unix() || part.Cusec != i.proof.Cusec {
		return refusal("the service answers another authenticator than ours")
	}
	i.context = &context{client: "the service", key: i.proof.SubKey, initiates: true,
		ours:   uint64(i.proof.SeqNumber & sequenceNumberMask),
		theirs: uint64(part.SequenceNumber & sequenceNumberMask)}
	if len(part.Subkey.KeyValue) != 0 {
		i.context.key, i.context.theirKey = part.Subkey, true
	}
	return nil
}

// choose takes no security layer, if that is offered.
func (i *initiator) choose(token []byte) ([]byte, error) {
	offer, err := i.context.unwrap(token)
	if err != nil {
		return nil, err
	}
	if len(offer) < layerBytes || offer[0]&layerNone == 0 {
		return nil, refusal("the service wants a security layer, which servers do not speak")
	}
	return i.context.wrap([]byte{layerNone, 0, 0, 0})
}
