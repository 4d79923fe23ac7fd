package wire

import "zoo/internal/jute"

// AppendReconfig appends a ReconfigRequest with null for the lists that are empty: an empty
// list of all members is a list, and asks for an ensemble of nobody.
func AppendReconfig(b []byte, r *ReconfigRequest) []byte {
	for _, list := range []string{r.JoiningServers, r.LeavingServers, r.NewMembers} {
		if list == "" {
			b = jute.AppendNull(b)
		} else {
			b = jute.AppendString(b, list)
		}
	}
	return jute.AppendLong(b, r.CurConfigID)
}

// ReconfigNamesAll tells whether a ReconfigRequest names all members, be it none, rather
// than those that join and leave.
func ReconfigNamesAll(d jute.Decoder) bool {
	d.Buffer()
	d.Buffer()
	return d.Buffer() != nil && d.Err() == nil
}
