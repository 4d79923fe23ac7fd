package server

import (
	"slices"

	"zoo"
)

// The bounds of what a client can be at a time. Its identities go with every write to
// the leader, are compared with every list, and stay as long as the connection: so
// they have to be far less than a request may be. Java has no such bounds.
const (
	idsPerConnMax     = 64
	idBytesPerConnMax = 64 << 10
)

// addIDs adds identities that the connection does not have yet, under mu. Beyond the
// bounds it is false and adds none.
func (c *conn) addIDs(added []zoo.ID) bool {
	ids := slices.Clip(c.ids)
	for _, id := range added {
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	if !bearable(ids) {
		return false
	}
	c.ids = ids
	c.barred = c.server.cfg.Access.bars(ids)
	return true
}

// bearable tells whether one connection may have all these identities.
func bearable(ids []zoo.ID) bool {
	bytes := 0
	for _, id := range ids {
		bytes += len(id.Scheme) + len(id.ID)
	}
	return len(ids) <= idsPerConnMax && bytes <= idBytesPerConnMax
}
