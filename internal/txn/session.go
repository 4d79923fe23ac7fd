package txn

import "zoo/internal/jute"

// DecodeFrom overwrites the record with what d holds next. Writers before 3.6,
// and those with closeSessionTxn.enabled=false, leave the record out: then
// nothing follows, or only a digest. Java tries to read such a digest as the
// record. We can tell them apart, because a record of the same size that begins
// with the same number would have to hold two paths in eight bytes, both empty.
func (r *CloseSessionTxn) DecodeFrom(d *jute.Decoder) {
	r.Paths = nil
	if d.Len() > 0 && !onlyDigest(*d) {
		r.Paths = d.Strings()
	}
}

// onlyDigest tells whether all that remains is a digest.
func onlyDigest(d jute.Decoder) bool {
	return d.Len() == digestBytes && d.Int() == DigestVersion
}
