package txn

import (
	"zoo/internal/jute"
	"zoo/internal/wire"
)

// parentCVersionUnknown is the ParentCVersion of a transaction from before 3.4:
// whoever applies it counts one up.
const parentCVersionUnknown = -1

// DecodeFrom overwrites the record with what d holds next. A record that ends
// before ParentCVersion is a CreateTxnV0.
func (r *CreateTxn) DecodeFrom(d *jute.Decoder) {
	r.ACL = nil
	r.DecodeInto(d)
}

// DecodeInto is DecodeFrom into the memory of the ACL that the record has.
func (r *CreateTxn) DecodeInto(d *jute.Decoder) {
	r.Path = d.String()
	r.Data = d.Buffer()
	r.ACL = wire.DecodeACLInto(r.ACL, d)
	r.Ephemeral = d.Bool()
	r.ParentCVersion = parentCVersionUnknown
	if d.Err() == nil && d.Len() > 0 {
		r.ParentCVersion = d.Int()
	}
}
