package gssapi

import (
	"bytes"
	"encoding/asn1"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jcmturner/gokrb5/v8/crypto"
	"github.com/jcmturner/gokrb5/v8/gssapi"
	"github.com/jcmturner/gokrb5/v8/iana/etypeID"
	"github.com/jcmturner/gokrb5/v8/iana/flags"
	"github.com/jcmturner/gokrb5/v8/iana/keyusage"
	"github.com/jcmturner/gokrb5/v8/iana/nametype"
	"github.com/jcmturner/gokrb5/v8/keytab"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"

	"zoo/internal/check/alloc"
	"zoo/internal/net/sasl"
	"zoo/internal/net/sasl/kerberos"
)

const (
	realm   = "EXAMPLE.ORG"
	service = "zookeeper/server.example.org"
	aes     = etypeID.AES256_CTS_HMAC_SHA1_96
)

// noon is when all stories happen.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// station is a server of the service with a clock that stands still until it is set,
// and what a KDC would need to make tickets for it.
type station struct {
	testing.TB
	*Mechanism
	file string
	kdc  *keytab.Keytab
	now  time.Time
}

func begin(t testing.TB) *station {
	t.Helper()
	s := &station{TB: t, file: filepath.Join(t.TempDir(), "zoo.keytab"), now: noon}
	s.rekey("secret", 1)
	rules, err := kerberos.ParseRules("DEFAULT")
	s.must(err)
	options, err := ReadOptions(map[string]string{"useKeyTab": "true", "storeKey": "True",
		"keyTab": s.file, "principal": service}, kerberos.Config{DefaultRealm: realm})
	s.must(err)
	s.Mechanism, err = New(Config{Options: options, Now: func() time.Time { return s.now },
		Naming: kerberos.Naming{Rules: rules, DefaultRealm: realm}})
	s.must(err)
	return s
}

func (s *station) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// rekey writes a keytab with keys of one version, and gives the KDC the same.
func (s *station) rekey(password string, version uint8) {
	s.Helper()
	s.kdc = keyTab(s.TB, service, password, version)
	content, err := s.kdc.Marshal()
	s.must(err)
	s.must(os.WriteFile(s.file, content, 0o600))
	stamp := s.now.Add(time.Duration(version) * time.Hour)
	s.must(os.Chtimes(s.file, stamp, stamp))
}

func keyTab(t testing.TB, name, password string, version uint8) *keytab.Keytab {
	t.Helper()
	kt := keytab.New()
	for _, kind := range []int32{aes, etypeID.AES128_CTS_HMAC_SHA256_128, etypeID.RC4_HMAC} {
		if err := kt.AddEntry(name, realm, password, noon, version, kind); err != nil {
			t.Fatal(err)
		}
	}
	return kt
}

// visit is a client and its ticket, as the fields say.
type visit struct {
	client, realm, service string
	keys                   *keytab.Keytab
	version                int
	kind                   int32
	start, end, clock      time.Time
	flags                  uint32
	ticketFlags            []int
	// other is a client whose name is put into the authenticator.
	other string
	// noSubkey uses the ticket's key for the messages.
	noSubkey bool
	// checksum replaces the kind of the authenticator's checksum.
	checksum int32

	ticket  messages.Ticket
	session types.EncryptionKey
	proof   types.Authenticator
}

func (s *station) visitor() *visit {
	return &visit{client: "alice", realm: realm, service: service, keys: s.kdc, version: 1,
		kind: aes, start: noon.Add(-time.Hour), end: noon.Add(time.Hour), clock: noon,
		flags: contextFlagMutual, checksum: checksumGSS}
}

func name(text string) types.PrincipalName {
	return types.NewPrincipalName(nametype.KRB_NT_PRINCIPAL, text)
}

// hello is the first token of the client.
func (v *visit) hello(t testing.TB) []byte {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	bits := types.NewKrbFlags()
	types.SetFlags(&bits, v.ticketFlags)
	var err error
	v.ticket, v.session, err = messages.NewTicket(name(v.client), v.realm, name(v.service),
		realm, bits, v.keys, v.kind, v.version, v.start, v.start, v.end, v.end)
	must(err)
	v.proof, err = types.NewAuthenticator(v.realm, name(v.client))
	must(err)
	if v.other != "" {
		v.proof.CName = name(v.other)
	}
	v.proof.CTime, v.proof.Cusec = v.clock, 17
	kind, err := crypto.GetEtype(v.kind)
	must(err)
	if !v.noSubkey {
		must(v.proof.GenerateSeqNumberAndSubKey(v.kind, kind.GetKeyByteSize()))
	}
	sum := make([]byte, checksumBytesMin)
	binary.LittleEndian.PutUint32(sum, bindingsBytes)
	binary.LittleEndian.PutUint32(sum[checksumFlagsAt:], v.flags)
	v.proof.Cksum = types.Checksum{CksumType: v.checksum, Checksum: sum}
	request, err := messages.NewAPReq(v.ticket, v.session, v.proof)
	must(err)
	body, err := request.Marshal()
	must(err)
	return frame(body, tokenAPReq)
}

// key is what protects the messages.
func (v *visit) key() types.EncryptionKey {
	if v.noSubkey {
		return v.session
	}
	return v.proof.SubKey
}

// proved reads an AP-REP as the client does, and gives the server's sequence number.
func (v *visit) proved(t testing.TB, token []byte) uint64 {
	t.Helper()
	body, err := unframe(token, tokenAPRep)
	if err != nil {
		t.Fatal(err)
	}
	var reply messages.APRep
	if err := reply.Unmarshal(body); err != nil {
		t.Fatal(err)
	}
	plain, err := crypto.DecryptEncPart(reply.EncPart, v.session, keyusage.AP_REP_ENCPART)
	if err != nil {
		t.Fatal(err)
	}
	var part messages.EncAPRepPart
	if err := part.Unmarshal(plain); err != nil {
		t.Fatal(err)
	}
	if !part.CTime.Equal(v.proof.CTime) || part.Cusec != v.proof.Cusec {
		t.Fatalf("the server proves %v %d, want %v %d", part.CTime, part.Cusec, v.proof.CTime,
			v.proof.Cusec)
	}
	return uint64(part.SequenceNumber)
}

// offered reads the layers as the client does: the library has its own reader.
func (v *visit) offered(t testing.TB, token []byte) gssapi.WrapToken {
	t.Helper()
	var offer gssapi.WrapToken
	if err := offer.Unmarshal(token, true); err != nil {
		t.Fatal(err)
	}
	ok, err := offer.Verify(v.key(), keyusage.GSSAPI_ACCEPTOR_SEAL)
	if err != nil || !ok || !bytes.Equal(offer.Payload, []byte{layerNone, 0, 0, 0}) {
		t.Fatalf("offer %x: %v, %v", offer.Payload, ok, err)
	}
	return offer
}

// choice is the client's last token.
func (v *visit) choice(t testing.TB, message string) []byte {
	t.Helper()
	kind, err := crypto.GetEtype(v.key().KeyType)
	if err != nil {
		t.Fatal(err)
	}
	w := gssapi.WrapToken{EC: uint16(kind.GetHMACBitLength() / 8), Payload: []byte(message),
		SndSeqNum: uint64(v.proof.SeqNumber)}
	if err := w.SetCheckSum(v.key(), keyusage.GSSAPI_INITIATOR_SEAL); err != nil {
		t.Fatal(err)
	}
	token, err := w.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

const plainChoice = "\x01\x00\x00\x00root"

// talk plays the whole exchange and gives the identity.
func (s *station) talk(v *visit) (string, error) {
	s.Helper()
	e := s.Begin()
	challenge, done, err := e.Respond(v.hello(s.TB))
	if err != nil {
		return "", err
	}
	number := uint64(v.proof.SeqNumber)
	if v.flags&contextFlagMutual != 0 {
		number = v.proved(s.TB, challenge)
		challenge, done, err = e.Respond(nil)
		s.must(err)
	}
	if offer := v.offered(s.TB, challenge); done || offer.SndSeqNum != number {
		s.Fatalf("done %v, number %d, want %d", done, offer.SndSeqNum, number)
	}
	challenge, done, err = e.Respond(v.choice(s.TB, plainChoice))
	if err == nil && (!done || challenge != nil) {
		s.Fatalf("the end: %x, done %v", challenge, done)
	}
	return e.AuthorizationID(), err
}

func TestClientsOfEveryKindAreKnownByTheirTickets(t *testing.T) {
	for _, c := range []struct {
		title, want string
		change      func(v *visit)
	}{
		{"mutual", "alice@" + realm, func(*visit) {}},
		{"not mutual", "alice@" + realm, func(v *visit) { v.flags = 0 }},
		{"without a subkey", "alice@" + realm, func(v *visit) { v.noSubkey = true }},
		{"AES with SHA-2", "alice@" + realm,
			func(v *visit) { v.kind = etypeID.AES128_CTS_HMAC_SHA256_128 }},
		{"a service", "app/host@" + realm, func(v *visit) { v.client = "app/host" }},
		{"the newest key", "alice@" + realm, func(v *visit) { v.version = 0 }},
		{"another realm, directly", "bob@OTHER",
			func(v *visit) { v.client, v.realm = "bob", "OTHER" }},
		{"a slow clock", "alice@" + realm,
			func(v *visit) { v.clock = noon.Add(-299 * time.Second) }},
	} {
		t.Run(c.title, func(t *testing.T) {
			s := begin(t)
			v := s.visitor()
			c.change(v)
			if got, err := s.talk(v); err != nil || got != c.want {
				t.Fatalf("got %q, %v", got, err)
			}
		})
	}
}

// refused is a visit that goes wrong, and what the error must say of it.
type refused struct {
	title, want string
	change      func(v *visit)
}

func TestWhoProvesNothingIsRefusedAndTheErrorTellsWhy(t *testing.T) {
	refuse(t, []refused{
		{"another key of the same version", "does not open", func(v *visit) {
			v.keys = keyTab(t, service, "guess", 1)
		}},
		{"a key of another version", "has no key", func(v *visit) {
			v.keys, v.version = keyTab(t, service, "secret", 2), 2
		}},
		{"a ticket for another service", "the ticket is for", func(v *visit) {
			v.service = "hdfs/server.example.org"
			v.keys = keyTab(t, v.service, "secret", 1)
		}},
		{"somebody else's authenticator", "another client's", func(v *visit) { v.other = "bob" }},
		{"a checksum of another protocol", "not one of GSSAPI", func(v *visit) { v.checksum = 7 }},
		{"RC4", "only AES", func(v *visit) { v.kind = etypeID.RC4_HMAC }},
		{"a name with a separator in it", "cannot be an identity", func(v *visit) {
			v.client = "alice@EXAMPLE.ORG"
		}},
		{"a name of three parts", "no Kerberos name", func(v *visit) { v.client = "a/b/c" }},
	})
}

func TestTicketsAndClocksOfAnotherTimeAreRefused(t *testing.T) {
	refuse(t, []refused{
		{"an expired ticket", "expired", func(v *visit) { v.end = noon.Add(-301 * time.Second) }},
		{"a ticket of tomorrow", "not valid before",
			func(v *visit) { v.start = noon.Add(time.Hour) }},
		{"a ticket to be validated", "not valid before",
			func(v *visit) { v.ticketFlags = []int{flags.Invalid} }},
		{"a fast clock", "differs from ours by 5m1s",
			func(v *visit) { v.clock = noon.Add(301 * time.Second) }},
		{"a slow clock", "differs from ours by 5m1s",
			func(v *visit) { v.clock = noon.Add(-301 * time.Second) }},
	})
}

func refuse(t *testing.T, cases []refused) {
	for _, c := range cases {
		t.Run(c.title, func(t *testing.T) {
			s := begin(t)
			v := s.visitor()
			c.change(v)
			_, err := s.talk(v)
			if !errors.Is(err, sasl.ErrRefused) || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want %q", err, c.want)
			}
			// The refusal was of this client only.
			if _, err := s.talk(s.visitor()); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// A token that was heard on the way is worth nothing, as long as its time is near.
func TestATokenIsTakenOnce(t *testing.T) {
	s := begin(t)
	v := s.visitor()
	v.clock = noon.Add(4 * time.Minute)
	token := v.hello(t)
	_, _, err := s.Begin().Respond(token)
	s.must(err)
	for _, later := range []time.Duration{0, time.Minute, 5 * time.Minute, 9 * time.Minute} {
		s.now = noon.Add(later)
		_, _, err := s.Begin().Respond(token)
		if !errors.Is(err, sasl.ErrRefused) || !strings.Contains(err.Error(), "used before") {
			t.Fatalf("%v later: %v", later, err)
		}
	}
	// What cannot be replayed any more is forgotten.
	s.now = noon.Add(time.Hour)
	s.replays.see("x", []byte("x"), s.now)
	if r := s.replays; r.sum != 1 || len(r.buckets) != 1 || len(r.held) != 1 {
		t.Fatalf("%d authenticators of %d are remembered", r.sum, len(r.held))
	}
}

// memory is a replays of so much room at noon.
func memory(room int) (*replays, *time.Time) {
	now := noon
	r := newReplays(time.Minute, func() time.Time { return now })
	r.max = room
	return r, &now
}

// flood has a client authenticate until it is refused, and counts what went well.
func (r *replays) flood(client string, made time.Time) (taken int) {
	for r.see(client, fmt.Appendf(nil, "%s %d", client, taken), made) == isNew {
		taken++
	}
	return taken
}

// Mallory has a ticket and never stops; so has her friend. Everybody else gets in, and
// is still told from those who send a token again.
func TestWhoFillsTheMemoryOfTokensLocksOutNobodyElse(t *testing.T) {
	const room = 1 << 12
	r, _ := memory(room)
	if n := r.flood("mallory", noon); n != room/2 {
		t.Fatalf("she was taken %d times", n)
	}
	if n := r.flood("friend", noon); n != room/4 {
		t.Fatalf("her friend was taken %d times", n)
	}
	for i := range room / 8 {
		client := fmt.Sprint("client ", i)
		if got := r.see(client, []byte(client), noon); got != isNew {
			t.Fatalf("%s: %v", client, got)
		}
	}
	if r.see("mallory", []byte("mallory 0"), noon) != seenBefore {
		t.Error("a token was taken twice")
	}
	if r.sum > room {
		t.Errorf("%d authenticators are remembered, %d have room", r.sum, room)
	}
}

// A service whose clients are many and short-lived fills its share in every skew, over
// and over: it is the time of each token that makes room, with the clock or against it.
func TestTokensOfThePastMakeRoom(t *testing.T) {
	const room = 1 << 10
	r, now := memory(room)
	first := r.flood("service", noon)
	*now = noon.Add(time.Minute + 2*time.Minute/replayBuckets)
	if r.see("service", []byte("service 0"), noon) != tooOld {
		t.Fatal("what is forgotten was taken again")
	}
	if n := r.flood("service", *now); n != first {
		t.Fatalf("there was room for %d, then for %d", first, n)
	}
	// Made by a clock that is fast, these are remembered for twice as long.
	r, now = memory(room)
	r.flood("service", noon.Add(time.Minute))
	*now = noon.Add(2 * time.Minute)
	if r.see("service", []byte("service 0"), noon.Add(time.Minute)) != seenBefore {
		t.Fatal("a token of the future was forgotten too early")
	}
}

// The key is renewed while the server runs: the file counts, not what it once held.
func TestARenewedKeyIsFoundWithoutARestart(t *testing.T) {
	s := begin(t)
	s.rekey("new", 2)
	v := s.visitor()
	v.version = 2
	if _, err := s.talk(v); err != nil {
		t.Fatal(err)
	}
	s.must(os.WriteFile(s.file, []byte("half a file"), 0o600))
	if _, err := s.talk(v); err != nil {
		t.Fatalf("a damaged keytab: %v", err)
	}
}

// choose plays the exchange with an altered last token.
func (s *station) choose(alter func(v *visit, token []byte) []byte) error {
	s.Helper()
	v, e := s.visitor(), s.Begin()
	_, _, err := e.Respond(v.hello(s.TB))
	s.must(err)
	_, _, err = e.Respond(nil)
	s.must(err)
	_, done, err := e.Respond(alter(v, v.choice(s.TB, plainChoice)))
	if done != (err == nil) {
		s.Fatalf("done %v with %v", done, err)
	}
	_, _, again := e.Respond(v.choice(s.TB, plainChoice))
	if !errors.Is(again, sasl.ErrRefused) {
		s.Fatal("an exchange went on after its end")
	}
	return err
}

// Every byte of the client's choice counts, and so does its number.
func TestAChangedChoiceIsRefused(t *testing.T) {
	s := begin(t)
	s.must(s.choose(func(_ *visit, token []byte) []byte { return token }))
	// A client may rotate its message.
	s.must(s.choose(func(_ *visit, token []byte) []byte {
		body := token[wrapHeader:]
		turned := append(bytes.Clone(body[len(body)-5:]), body[:len(body)-5]...)
		token[rrcAt+1] = 5
		return append(token[:wrapHeader:wrapHeader], turned...)
	}))
	for at := range wrapHeader + len(plainChoice) + 12 {
		err := s.choose(func(_ *visit, token []byte) []byte { token[at] ^= 0x21; return token })
		if !errors.Is(err, sasl.ErrRefused) {
			t.Errorf("byte %d changed: %v", at, err)
		}
	}
	for title, alter := range map[string]func(v *visit, token []byte) []byte{
		"nothing": func(*visit, []byte) []byte { return nil },
		"a part":  func(_ *visit, token []byte) []byte { return token[:20] },
		"another number": func(v *visit, _ []byte) []byte {
			v.proof.SeqNumber++
			return v.choice(t, plainChoice)
		},
		"integrity": func(v *visit, _ []byte) []byte { return v.choice(t, "\x02\x00\x00\xff") },
		"too short": func(v *visit, _ []byte) []byte { return v.choice(t, "\x01") },
	} {
		if err := s.choose(alter); !errors.Is(err, sasl.ErrRefused) {
			t.Errorf("%s: %v", title, err)
		}
	}
}

func TestSectionsThatCannotServeAreRefusedClearly(t *testing.T) {
	good := map[string]string{"useKeyTab": "true", "storeKey": "true", "keyTab": "FILE:/k",
		"principal": service + "@" + realm, "debug": "true", "isInitiator": "false"}
	for _, c := range []struct{ key, value, want string }{
		{"", "", ""},
		{"principal", service, "want service/host@REALM"},
		{"principal", "zookeeper@" + realm, "want service/host@REALM"},
		{"principal", "", "want service/host@REALM"},
		{"principal", "*", "want service/host@REALM"},
		{"principal", "a/b/c@R", "no Kerberos name"},
		{"useTicketCache", "true", "useTicketCache"},
		{"useTicketCache", "false", ""},
		{"useKeyTab", "false", "useKeyTab"},
		{"storeKey", "", "storeKey"},
		{"keyTab", "", "set keyTab"},
	} {
		section := map[string]string{}
		for k, v := range good {
			section[k] = v
		}
		section[c.key] = c.value
		o, err := ReadOptions(section, kerberos.Config{})
		if c.want == "" && (err != nil || o.KeyTab != "/k" || o.Principal.Host == "") {
			t.Errorf("%s=%s: %+v, %v", c.key, c.value, o, err)
		}
		if c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s=%s: %v, want %q", c.key, c.value, err, c.want)
		}
	}
}

func TestAKeytabThatCannotServeIsAnErrorAtStart(t *testing.T) {
	s := begin(t)
	other := filepath.Join(t.TempDir(), "other")
	content, err := keyTab(t, "hdfs/h", "x", 1).Marshal()
	s.must(err)
	s.must(os.WriteFile(other, content, 0o600))
	garbage := filepath.Join(t.TempDir(), "garbage")
	s.must(os.WriteFile(garbage, []byte("\x05\x02\x00\x00\x00\x09secret"), 0o600))
	for file, want := range map[string]string{other: "no key of", garbage: "no keytab",
		s.file + "x": "no such file"} {
		c := s.config
		c.KeyTab = file
		_, err := New(c)
		if err == nil || !strings.Contains(err.Error(), want) ||
			!strings.Contains(err.Error(), file) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v, want %q", file, err, want)
		}
	}
}

// FuzzExchange gives a server what attackers may send, which know no key: as a first
// token, and as one behind a good first token.
func FuzzExchange(f *testing.F) {
	s := begin(f)
	v := s.visitor()
	// The key is another fuzzing process's as well: what is added must be refused.
	v.other = "bob"
	f.Add(v.hello(f))
	f.Add(v.choice(f, plainChoice))
	empty, err := asn1.Marshal(struct{}{})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(frame(empty, tokenAPReq))
	f.Fuzz(func(t *testing.T, b []byte) {
		alloc.Bounded(t, len(b), func() {
			if c, _, err := s.Begin().Respond(b); err == nil {
				t.Fatalf("answered %x", c)
			}
		})
		e := &exchange{mechanism: s.Mechanism, stage: wantLayer,
			context: &context{client: "alice", key: v.session}}
		if _, _, err := e.Respond(b); err == nil {
			t.Fatal("a message under no key was taken")
		}
	})
}
