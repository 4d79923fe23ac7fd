package client_test

import (
	"errors"
	"testing"
	"testing/synctest"

	"zoo"
	"zoo/client"
	"zoo/internal/wire"
)

// The plot: a client reads with Linearizable. The server gets a sync and the read behind
// it, before it has answered either; a plain read stands alone. When the sync is refused
// the read has failed, whatever its own answer says.
func TestALinearizableReadHasASyncInFrontOfIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		c := f.begin(f.options())
		p := f.accept(granted())
		done := make(chan error)
		read := func() {
			_, _, err := c.Get(client.Linearizable(t.Context()), "/a", nil)
			done <- err
		}
		for _, code := range []zoo.Code{zoo.CodeOK, zoo.CodeNotReadOnly} {
			go read()
			var path wire.SyncRequest
			sync := p.hear(wire.OpSync, &path)
			get := p.hear(wire.OpGetData, &wire.GetDataRequest{})
			if path.Path != "/" || get.Xid != sync.Xid+1 {
				t.Fatalf("sync of %q with %d, read with %d", path.Path, sync.Xid, get.Xid)
			}
			p.answer(wire.ReplyHeader{Xid: sync.Xid, Zxid: 1, Err: code}, nil)
			p.reply(get, 1, &wire.GetDataResponse{})
			err := <-done
			if succeeded := err == nil; succeeded != (code == zoo.CodeOK) ||
				!succeeded && !errors.Is(err, code) {
				t.Fatalf("the sync is answered with %v, the read with %v", code, err)
			}
		}
		go func() {
			_, _, err := c.Get(t.Context(), "/a", nil)
			done <- err
		}()
		p.reply(p.hear(wire.OpGetData, &wire.GetDataRequest{}), 1, &wire.GetDataResponse{})
		check(t, <-done)
		p.leave(c)
	})
}
