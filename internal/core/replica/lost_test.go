package replica

import (
	"testing"

	"zoo"
	"zoo/internal/core/quorum"
	"zoo/internal/core/tree"
	"zoo/internal/core/zab"
)

func voters(t *testing.T, version zoo.Zxid) *quorum.View {
	t.Helper()
	v, err := quorum.NewView([]quorum.Member{{ID: 1}, {ID: 2}, {ID: 3}}, version)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// restart starts a server that has nothing logged in the epoch, and gives what its disk holds
// then, and what it goes by.
func restart(t *testing.T, on quorum.Ensemble, epoch zoo.Epoch) (disk, known quorum.Ensemble) {
	t.Helper()
	return restartAs(t, true, on, epoch)
}

func restartAs(
	t *testing.T, reconfigures bool, on quorum.Ensemble, epoch zoo.Epoch,
) (disk, known quorum.Ensemble) {
	t.Helper()
	r := New(Config{ID: 1, View: on.Current, Next: on.Next, ReconfigEnabled: reconfigures},
		Recovered{Tree: tree.New(), Epochs: zab.Epochs{Accepted: epoch, Current: epoch}})
	eff := r.Drain()
	told := on
	if !reconfigures {
		told.Next = nil
	}
	if eff.Members != nil {
		told = *eff.Members
	}
	if told != r.Members() {
		t.Errorf("the outside knows %v, the replica %v", told, r.Members())
	}
	if len(eff.Disk) > 0 && eff.Disk[0].Kind == zab.DiskConfigure {
		on = eff.Disk[0].Members
	}
	return on, told
}

// The plot: a follower writes a proposed configuration, and its power goes before it has
// logged the transaction. It starts, enters a later epoch, and starts once more. What is not
// forgotten on the disk at the first start would count at the last, when the epoch says that
// NEWLEADER has brought it.
func TestAProposedConfigurationThatWasLostStaysLost(t *testing.T) {
	disk := quorum.Ensemble{Current: voters(t, 0x100000000), Next: voters(t, 0x200000004)}
	if disk, _ = restart(t, disk, 2); disk.Next != nil {
		t.Errorf("the disk still proposes %v", disk.Next.Version())
	}
	if disk, known := restart(t, disk, 3); disk.Next != nil || known.Next != nil {
		t.Errorf("later it counts: %v, on the disk %v", known, disk)
	}
}

// What NEWLEADER has brought is of an epoch before the one that was entered. A leader of
// Java's may complete it without its transaction, so it counts as long as nobody knows.
func TestAProposedConfigurationOfNewLeaderCountsWithoutItsTransaction(t *testing.T) {
	written := quorum.Ensemble{Current: voters(t, 0x100000000), Next: voters(t, 0x100000007)}
	if disk, known := restart(t, written, 2); disk != written || known != written {
		t.Errorf("it goes by %v, on the disk is %v", known, disk)
	}
}

// The plot: its power went as above, and it is started without reconfigEnabled, enters a later
// epoch, and is started with it again. What was lost does not come back; what NEWLEADER has
// brought does.
func TestWhatWasLostIsForgottenAlsoWhileConfigurationsDoNotChange(t *testing.T) {
	disk := quorum.Ensemble{Current: voters(t, 0x100000000), Next: voters(t, 0x200000004)}
	disk, _ = restartAs(t, false, disk, 2)
	if disk, known := restart(t, disk, 3); disk.Next != nil || known.Next != nil {
		t.Errorf("it goes by %v, on the disk is %v", known, disk)
	}
	bound := quorum.Ensemble{Current: voters(t, 0x100000000), Next: voters(t, 0x100000007)}
	if disk, known := restartAs(t, false, bound, 2); disk != bound || known.Next != nil {
		t.Errorf("while off it goes by %v, on the disk is %v", known, disk)
	}
}
