package client_test

import (
	"crypto/rand"
	"errors"
	"testing"
	"testing/synctest"

	"zoo"
	"zoo/client"
	"zoo/internal/net/sasl/digestmd5"
	"zoo/internal/wire"
)

// The plot: a znode is given to a user by a hash. Who has the password gets in.
func TestADigestOpensWhatItsHashWasGiven(t *testing.T) {
	address, ctx := serve(t), t.Context()
	c := dial(t, client.Options{Servers: []string{address},
		Auth: []client.Auth{client.DigestAuth("ann", "secret")}})
	acl := []zoo.ACL{{Perms: zoo.PermAll, ID: client.DigestID("ann", "secret")}}
	_, err := c.Create(ctx, "/ann", nil, client.CreateOptions{ACL: acl})
	check(t, err)
	_, _, err = c.Get(ctx, "/ann", nil)
	check(t, err)
	stranger := dial(t, client.Options{Servers: []string{address}})
	if _, _, err := stranger.Get(ctx, "/ann", nil); !errors.Is(err, zoo.ErrNoAuth) {
		t.Fatal(err)
	}
	check(t, stranger.AddAuth(ctx, client.DigestAuth("ann", "secret")))
	_, _, err = stranger.Get(ctx, "/ann", nil)
	check(t, err)
}

// The plot: a server's mechanism and the client's prove to each other who they are. A
// server that does not know the password is left for good.
func TestDIGESTMD5ProvesBothSides(t *testing.T) {
	for _, password := range []string{"secret", "other"} {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			opts := f.options()
			opts.SASL = client.DigestMD5("ann", "secret")
			c := f.begin(opts)
			p := f.accept(granted())
			mechanism := digestmd5.Mechanism{Random: rand.Reader,
				Passwords: map[string]string{"ann": password}}
			exchange := mechanism.Begin()
			for done := false; !done; {
				var request wire.GetSASLRequest
				h := p.hear(wire.OpSASL, &request)
				var challenge []byte
				var err error
				if challenge, done, err = exchange.Respond(request.Token); err != nil {
					p.answer(wire.ReplyHeader{Xid: h.Xid, Err: zoo.CodeAuthFailed}, nil)
					break
				}
				p.reply(h, 1, &wire.SetSASLResponse{Token: challenge})
			}
			err := c.WaitConnected(t.Context())
			if password == "secret" {
				check(t, err)
				p.leave(c)
			} else if !errors.Is(err, zoo.ErrAuthFailed) {
				t.Fatal(err)
			}
		})
	}
}
