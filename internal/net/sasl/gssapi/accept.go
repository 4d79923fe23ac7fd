package gssapi

import (
	"crypto/rand"
	"encoding/asn1"
	"encoding/binary"
	"strings"
	"time"

	"github.com/jcmturner/gokrb5/v8/crypto"
	"github.com/jcmturner/gokrb5/v8/iana/flags"
	"github.com/jcmturner/gokrb5/v8/iana/keyusage"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"

	"zoo/internal/net/sasl"
)

// The checksum of a GSS authenticator, RFC 4121 section 4.1.1, little-endian:
//
//	0   4  length of the bindings, 16
//	4  16  channel bindings, which we do not look at
//	20  4  flags
const (
	checksumGSS        = 0x8003
	checksumBytesMin   = 24
	checksumFlagsAt    = 20
	contextFlagMutual  = 2
	bindingsBytes      = 16
	kerberosVersion    = 5
	sequenceNumberMask = 1<<32 - 1
)

// accept proves who the client of a first token is. Nothing is believed of the token
// before the part that says it was decrypted.
func (m *Mechanism) accept(token []byte) (*context, error) {
	request, err := decode(token)
	if err != nil {
		return nil, err
	}
	ticket, err := m.openTicket(&request.Ticket)
	if err != nil {
		return nil, err
	}
	proof, err := openAuthenticator(request, ticket)
	if err != nil {
		return nil, err
	}
	c := &context{client: clientName(ticket)}
	if err := m.checkTimes(c.client, ticket, proof); err != nil {
		return nil, err
	}
	if err := m.checkPath(c.client, ticket); err != nil {
		return nil, err
	}
	if err := m.checkUse(c.client, request, proof); err != nil {
		return nil, err
	}
	if c.key, err = contextKey(ticket, proof); err != nil {
		return nil, err
	}
	return c, c.answer(request, ticket, proof)
}

// decode reads a first token. The library's decoder was not written against
// attackers: should it break, the client is at fault, and the server stays up.
func decode(token []byte) (request messages.APReq, err error) {
	defer breaks(&err)
	if len(token) > sasl.TokenBytesMax {
		return request, refusal("a token of %d bytes, %d are allowed", len(token),
			sasl.TokenBytesMax)
	}
	body, err := unframe(token, tokenAPReq)
	if err != nil {
		return request, err
	}
	if err := request.Unmarshal(body); err != nil {
		return request, refusal("the first token is no AP-REQ: %w", err)
	}
	if request.PVNO != kerberosVersion || request.Ticket.TktVNO != kerberosVersion {
		return request, refusal("versions %d and %d of Kerberos, want %d", request.PVNO,
			request.Ticket.TktVNO, kerberosVersion)
	}
	return request, nil
}

// breaks turns a panic of the library into a refusal.
func breaks(err *error) {
	if cause := recover(); cause != nil {
		*err = refusal("the first token cannot be decoded: %v", cause)
	}
}

// openTicket decrypts the part that only the KDC can have written.
func (m *Mechanism) openTicket(t *messages.Ticket) (part *messages.EncTicketPart, err error) {
	defer breaks(&err)
	service := m.config.Principal
	asked := strings.Join(t.SName.NameString, "/") + "@" + t.Realm
	if len(t.SName.NameString) != 2 || asked != service.String() {
		return nil, refusal("the ticket is for %.200q, this server is %q: the client uses "+
			"another name of the server, or the section another principal", asked, service)
	}
	key, err := m.keys.find(t.EncPart.KVNO, t.EncPart.EType)
	if err != nil {
		return nil, err
	}
	plain, err := decrypt(t.EncPart.Cipher, key, keyusage.KDC_REP_TICKET)
	if err != nil {
		return nil, refusal("the ticket for %q does not open with the key of %s, version %d: "+
			"the keytab has another key than the KDC; export it again", asked, m.keys.file,
			t.EncPart.KVNO)
	}
	part = new(messages.EncTicketPart)
	if err := part.Unmarshal(plain); err != nil {
		return nil, refusal("the ticket's content: %w", err)
	}
	return part, checkClientName(part)
}

// decrypt looks at what the library relies on.
func decrypt(cipher []byte, key types.EncryptionKey, usage uint32) ([]byte, error) {
	kind, err := crypto.GetEtype(key.KeyType)
	if err != nil {
		return nil, refusal("encryption type %d is unknown", key.KeyType)
	}
	if len(cipher) < kind.GetConfounderByteSize()+kind.GetHMACBitLength()/8 ||
		len(key.KeyValue) != kind.GetKeyByteSize() {
		return nil, refusal("a cipher text or key is too short")
	}
	return kind.DecryptMessage(key.KeyValue, cipher, usage)
}

// checkClientName refuses names that would read like another's: "a/b" as one part
// is not the principal of the parts a and b.
func checkClientName(t *messages.EncTicketPart) error {
	parts := append([]string{t.CRealm}, t.CName.NameString...)
	for _, part := range parts {
		if part == "" || strings.ContainsFunc(part, isConfusing) {
			return refusal("the client's name %.200q cannot be an identity", parts)
		}
	}
	if len(parts) == 1 {
		return refusal("the client has no name")
	}
	return nil
}

func isConfusing(c rune) bool { return c < ' ' || c == 0x7f || strings.ContainsRune(`/@\`, c) }

func clientName(t *messages.EncTicketPart) string {
	return strings.Join(t.CName.NameString, "/") + "@" + t.CRealm
}

// openAuthenticator decrypts what only who knows the ticket's key can have written.
func openAuthenticator(request messages.APReq, t *messages.EncTicketPart) (
	proof types.Authenticator, err error) {
	defer breaks(&err)
	client := clientName(t)
	plain, err := decrypt(request.EncryptedAuthenticator.Cipher, t.Key,
		keyusage.AP_REQ_AUTHENTICATOR)
	if err != nil {
		return proof, refusal("%s does not know the key of its ticket", client)
	}
	if err := proof.Unmarshal(plain); err != nil {
		return proof, refusal("the authenticator of %s: %w", client, err)
	}
	if !proof.CName.Equal(t.CName) || proof.CRealm != t.CRealm {
		return proof, refusal("the ticket of %s came with another client's authenticator",
			client)
	}
	sum := proof.Cksum
	if sum.CksumType != checksumGSS || len(sum.Checksum) < checksumBytesMin ||
		binary.LittleEndian.Uint32(sum.Checksum) != bindingsBytes {
		return proof, refusal("the authenticator of %s is not one of GSSAPI", client)
	}
	return proof, nil
}

// checkTimes wants a ticket that is valid and an authenticator that is of now.
func (m *Mechanism) checkTimes(client string, t *messages.EncTicketPart,
	proof types.Authenticator) error {
	now, skew := m.config.Now(), m.config.ClockSkew
	start := t.StartTime
	if start.IsZero() {
		start = t.AuthTime
	}
	made := madeAt(proof)
	switch {
	case start.Sub(now) > skew || types.IsFlagSet(&t.Flags, flags.Invalid):
		return refusal("the ticket of %s is not valid before %v", client, start)
	case now.Sub(t.EndTime) > skew:
		return refusal("the ticket of %s expired at %v", client, t.EndTime)
	case now.Sub(made).Abs() > skew:
		return refusal("the clock of %s differs from ours by %v, more than clockskew, %v",
			client, now.Sub(made).Abs().Round(time.Second), skew)
	}
	return nil
}

// checkPath wants a client of another realm to have come by realms that its KDC has
// checked, or directly.
func (m *Mechanism) checkPath(client string, t *messages.EncTicketPart) error {
	if t.CRealm != m.config.Principal.Realm && len(t.Transited.Contents) != 0 &&
		!types.IsFlagSet(&t.Flags, flags.TransitedPolicyChecked) {
		return refusal("the realms between %s and us were not checked by our KDC", client)
	}
	return nil
}

// checkUse wants an authenticator that is new.
func (m *Mechanism) checkUse(client string, request messages.APReq,
	proof types.Authenticator) error {
	switch m.replays.see(client, request.EncryptedAuthenticator.Cipher, madeAt(proof)) {
	case seenBefore:
		return refusal("the token of %s was used before", client)
	case tooOld:
		return refusal("the token of %s has become older than clockskew, %v", client,
			m.config.ClockSkew)
	case tooMany:
		return refusal("%s has used too many tokens within clockskew, %v: of %d that are "+
			"remembered no client may have more than there is room left; it has to try later",
			client, m.config.ClockSkew, replaysMax)
	}
	return nil
}

// madeAt is when the client's clock says that it made its authenticator.
func madeAt(proof types.Authenticator) time.Time {
	return proof.CTime.Add(time.Duration(proof.Cusec) * time.Microsecond)
}

// contextKey is the key that protects what follows: the client's own choice, or the
// ticket's.
func contextKey(t *messages.EncTicketPart, proof types.Authenticator) (types.EncryptionKey,
	error) {
	key := t.Key
	if len(proof.SubKey.KeyValue) != 0 {
		key = proof.SubKey
	}
	kind, err := crypto.GetEtype(key.KeyType)
	if err != nil || !isModern(key.KeyType) || len(key.KeyValue) != kind.GetKeyByteSize() {
		return key, refusal("encryption type %d of the session of %s: only AES is spoken",
			key.KeyType, clientName(t))
	}
	return key, nil
}

// apRep and encAPRepPart are of RFC 4120 section 5.5.2. A subkey of ours would only
// replace the client's.
type (
	apRep struct {
		Version int           `asn1:"explicit,tag:0"`
		Type    int           `asn1:"explicit,tag:1"`
		Part    encryptedData `asn1:"explicit,tag:2"`
	}
	encryptedData struct {
		EncryptionType int32  `asn1:"explicit,tag:0"`
		Cipher         []byte `asn1:"explicit,tag:2"`
	}
	encAPRepPart struct {
		ClientTime     time.Time `asn1:"generalized,explicit,tag:0"`
		Microseconds   int       `asn1:"explicit,tag:1"`
		SequenceNumber int64     `asn1:"explicit,tag:3"`
	}
)

const (
	apRepType    = 15
	apRepTag     = "application,explicit,tag:15"
	apRepPartTag = "application,explicit,tag:27"
)

// answer settles the sequence numbers, and makes the AP-REP if the client wants one:
// its own time under the ticket's key, which only the service can read.
func (c *context) answer(request messages.APReq, t *messages.EncTicketPart,
	proof types.Authenticator) error {
	c.theirs = uint64(proof.SeqNumber & sequenceNumberMask)
	// Without an AP-REP the client cannot know a number of ours: RFC 4121 has us use
	// its own.
	c.ours = c.theirs
	mutual := binary.LittleEndian.Uint32(proof.Cksum.Checksum[checksumFlagsAt:])&
		contextFlagMutual != 0 || types.IsFlagSet(&request.APOptions, flags.APOptionMutualRequired)
	if !mutual {
		return nil
	}
	c.ours = randomSequenceNumber()
	part, err := asn1.MarshalWithParams(encAPRepPart{ClientTime: proof.CTime.UTC(),
		Microseconds: proof.Cusec, SequenceNumber: int64(c.ours)}, apRepPartTag)
	if err != nil {
		return refusal("encode AP-REP: %w", err)
	}
	sealed, err := crypto.GetEncryptedData(part, t.Key, keyusage.AP_REP_ENCPART, 0)
	if err != nil {
		return refusal("encrypt AP-REP: %w", err)
	}
	reply, err := asn1.MarshalWithParams(apRep{Version: kerberosVersion, Type: apRepType,
		Part: encryptedData{EncryptionType: sealed.EType, Cipher: sealed.Cipher}}, apRepTag)
	if err != nil {
		return refusal("encode AP-REP: %w", err)
	}
	c.reply = frame(reply, tokenAPRep)
	return nil
}

// randomSequenceNumber has 30 bits: old clients take a larger one for negative.
func randomSequenceNumber() uint64 {
	var b [4]byte
	// It never fails: the program ends when the system has no random numbers.
	_, _ = rand.Read(b[:])
	return uint64(binary.BigEndian.Uint32(b[:]) >> 2)
}
