package gssapi

// stage is what an exchange waits for.
type stage int

const (
	wantTicket stage = iota
	wantNothing
	wantLayer
	over
)

// exchange is one client's. One goroutine uses it at a time.
type exchange struct {
	mechanism *Mechanism
	stage     stage
	context   *context
	id        string
}

// layerNone is the bit of RFC 4752 that stands for no security layer.
const layerNone = 1

// layerBytes are the layers and the size of the largest message: 0 without a layer.
const layerBytes = 4

// Respond takes the next token of the client.
func (e *exchange) Respond(token []byte) (challenge []byte, done bool, err error) {
	now := e.stage
	e.stage = over
	switch now {
	case wantTicket:
		challenge, err = e.acceptTicket(token)
	case wantNothing:
		challenge, err = e.offerLayers(token)
	case wantLayer:
		err = e.settleLayer(token)
		done = err == nil
	default:
		err = refusal("the exchange is over")
	}
	return challenge, done, err
}

// acceptTicket answers with the proof of who we are, or if that is not wanted with
// what would come next.
func (e *exchange) acceptTicket(token []byte) ([]byte, error) {
	c, err := e.mechanism.accept(token)
	if err != nil {
		return nil, err
	}
	if e.id, err = e.mechanism.config.Naming.AuthorizationID(c.client); err != nil {
		return nil, refusal("%w", err)
	}
	e.context = c
	if c.reply == nil {
		return e.offerLayers(nil)
	}
	e.stage = wantNothing
	reply := c.reply
	c.reply = nil
	return reply, nil
}

func (e *exchange) offerLayers(token []byte) ([]byte, error) {
	if len(token) != 0 {
		return nil, refusal("%s sent %d bytes where none are expected", e.context.client,
			len(token))
	}
	e.stage = wantLayer
	return e.context.wrap([]byte{layerNone, 0, 0, 0})
}

func (e *exchange) settleLayer(token []byte) error {
	choice, err := e.context.unwrap(token)
	if err != nil {
		return err
	}
	if len(choice) < layerBytes || choice[0] != layerNone {
		return refusal("%s wants a security layer; only authentication is offered (qop auth)",
			e.context.client)
	}
	return nil
}

// AuthorizationID is the identity that the rules make of the ticket's client.
func (e *exchange) AuthorizationID() string { return e.id }
