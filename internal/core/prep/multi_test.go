package prep

import (
	"testing"

	"zoo"
	"zoo/internal/wire"
)

// The plot: parts of a multi come without the bytes that tell what they are. Whatever
// the reader in front of them lets through, they are refused.
func TestAPartWithoutItsFlagsIsRefused(t *testing.T) {
	for _, op := range []wire.Op{
		wire.OpCreate, wire.OpCreate2, wire.OpCreateContainer, wire.OpCreateTTL,
	} {
		most := flagsBytes
		if op == wire.OpCreateTTL {
			most += ttlBytes
		}
		for n := range most {
			part := wire.MultiRequest{Op: op, Body: make([]byte, n)}
			if code := new(Preparer).part(part); code != zoo.CodeMarshallingError {
				t.Errorf("%v of %d bytes: got %v", op, n, code)
			}
		}
	}
}
