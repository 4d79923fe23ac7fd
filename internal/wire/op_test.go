package wire_test

import (
	"testing"

	"zoo/internal/wire"
)

// The operations of ZooKeeper 3.9, by number.
var allOps = map[int32]wire.OpInfo{
	-11: {"closeSession", "CLOS", wire.ClassSession},
	-10: {"createSession", "SESS", wire.ClassSession},
	-1:  {"error", "NA", wire.ClassNever},
	0:   {"notification", "NA", wire.ClassNever},
	1:   {"create", "CREA", wire.ClassWrite},
	2:   {"delete", "DELE", wire.ClassWrite},
	3:   {"exists", "EXIS", wire.ClassRead},
	4:   {"getData", "GETD", wire.ClassRead},
	5:   {"setData", "SETD", wire.ClassWrite},
	6:   {"getACL", "GETA", wire.ClassRead},
	7:   {"setACL", "SETA", wire.ClassWrite},
	8:   {"getChildren", "GETC", wire.ClassRead},
	9:   {"sync", "SYNC", wire.ClassSession},
	11:  {"ping", "PING", wire.ClassSession},
	12:  {"getChildren2", "GETC", wire.ClassRead},
	13:  {"check", "CHEC", wire.ClassNever},
	14:  {"multi", "MULT", wire.ClassWrite},
	15:  {"create2", "CREA", wire.ClassWrite},
	16:  {"reconfig", "RECO", wire.ClassWrite},
	17:  {"checkWatches", "CHKW", wire.ClassLocal},
	18:  {"removeWatches", "REMW", wire.ClassLocal},
	19:  {"createContainer", "CREA", wire.ClassWrite},
	20:  {"deleteContainer", "DELE", wire.ClassWrite},
	21:  {"createTTL", "CREA", wire.ClassWrite},
	22:  {"multiRead", "MLTR", wire.ClassRead},
	100: {"auth", "NA", wire.ClassLocal},
	101: {"setWatches", "SETW", wire.ClassLocal},
	102: {"sasl", "NA", wire.ClassLocal},
	103: {"getEphemerals", "GETE", wire.ClassRead},
	104: {"getAllChildrenNumber", "GETACN", wire.ClassRead},
	105: {"setWatches2", "STW2", wire.ClassLocal},
	106: {"addWatch", "ADDW", wire.ClassLocal},
	107: {"whoAmI", "HOMI", wire.ClassLocal},
}

func TestTheOpTableHasEveryOperationAndNoOther(t *testing.T) {
	for number := int32(-300); number <= 300; number++ {
		got, ok := wire.Op(number).Info()
		want, exists := allOps[number]
		if got != want || ok != exists {
			t.Errorf("operation %d is %+v, %t; want %+v, %t", number, got, ok, want, exists)
		}
	}
}

func TestOperationsFarOffAreUnknown(t *testing.T) {
	for _, op := range []wire.Op{-1 << 31, 1<<31 - 1} {
		if _, ok := op.Info(); ok {
			t.Errorf("%d is known", op)
		}
	}
}

func TestAnOperationPrintsItsNameOrNumber(t *testing.T) {
	if got := wire.OpGetACL.String() + wire.Op(10).String(); got != "getACLop10" {
		t.Fatal(got)
	}
}

func TestPacketTypesAndStatesPrintTheirNames(t *testing.T) {
	for got, want := range map[string]string{
		wire.PacketRequest.String():           "REQUEST",
		wire.PacketNewLeader.String():         "NEWLEADER",
		wire.PacketInformAndActivate.String(): "INFORMANDACTIVATE",
		wire.PacketType(0).String():           "packet0",
		wire.PacketType(20).String():          "packet20",
		wire.Observing.String():               "OBSERVING",
		wire.PeerState(-1).String():           "state-1",
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
