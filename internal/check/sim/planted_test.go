package sim

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"zoo/internal/core/zab"
)

// plant is a bug that ZooKeeper had, as the simulator must find it.
type plant struct {
	// number is ZooKeeper's, or a word where there is none.
	number string
	bug    zab.Planted
	what   string
	// caught is the promise that breaks, breaks what the violation says then.
	caught, breaks string
	// seeds is within how many the bug must be found: several times of what it took
	// when written.
	seeds int
	// kind is the play that finds it; see kinds.
	kind string
}

// options are how the bug is played.
func (p *plant) options() Options {
	o := kinds[p.kind]
	o.Planted = p.bug
	return o
}

const (
	caughtOrder    = "all apply the one history, in its order"
	caughtDurable  = "a server applies what is durable in its own log"
	caughtQuorum   = "what is applied is in the logs of a quorum"
	caughtBefore   = "history before epoch"
	caughtKept     = "a disk gives back what was durable"
	caughtTree     = "a tree that was loaded is one that was applied"
	caughtLog      = "a log has no hole and no way back"
	caughtLoyal    = "a learner stays with a leader that leads"
	caughtPatience = "a candidate does not wait for voters that have turned away"
	caughtLead     = "a leader that a quorum follows goes on"
	caughtWatched  = "the leader watches over every session"
	caughtOwned    = "no ephemeral without its session"
	caughtTogether = "after the storm all servers serve"
	caughtSync     = "a sync shows all that was acknowledged before it"
	caughtAlone    = "an epoch has one leader"
	caughtInvalid  = "no invariant of the core breaks"
	caughtWrites   = "after the storm writes are acknowledged"
	caughtForce    = "a configuration in force is committed"
	caughtFiles    = "all go by one configuration in the end"
	caughtDoor     = "not all servers are drained at once"
	caughtDesert   = "drains end when nobody else is there for the clients"
	caughtPlace    = "a leader that votes on where it is leads on"
)

var plants = []plant{
	{"2845", zab.Bug2845, "What was never committed is applied when a role ends.",
		caughtOrder, "where the history has", 50, ""},
	{"3911", zab.Bug3911, "What DIFF brings is applied before the leader has its quorum.",
		caughtQuorum, "which no quorum has", 100, ""},
	{"4643", zab.Bug4643, "currentEpoch is written before the history that belongs to it.",
		caughtBefore, "with its log durable to", 50, ""},
	{"4646", zab.Bug4646, "NEWLEADER is acknowledged before what was received is durable.",
		caughtBefore, "acknowledges NEWLEADER", 50, ""},
	{"4685", zab.Bug4685, "A follower acknowledges proposals before NEWLEADER, and the " +
		"leader gives up.", caughtLead, "gives up the lead", 50, ""},
	{"4785", zab.Bug4785, "The epoch is written, and NEWLEADER acknowledged, beside the log " +
		"writer and not behind it.", caughtBefore, "with its log durable to", 50, ""},
	{"4394", zab.Bug4394, "A COMMIT between NEWLEADER and UPTODATE drives the follower away.",
		caughtLoyal, "which leads and speaks to it", 50, ""},
	{"4712", zab.Bug4712, "The log writer of a role that has ended writes on in the next one.",
		caughtLog, "out of order", 150, ""},
	{"4925", zab.Bug4925, "What a follower got by synchronisation is missing in what it " +
		"sends as a leader.", caughtOrder, "where the history has", 1500, ""},
	{"3104", zab.Bug3104, "A tree is sent under a later zxid than the tree is of.",
		caughtTree, "holds another tree", 4000, ""},
	{"3642", zab.Bug3642, "A SNAP is kept in memory, and the DIFF behind it logged.",
		caughtBefore, "with its log durable to", 50, ""},
	{"2872", zab.Bug2872, "A snapshot counts before it is synced.",
		caughtKept, "cannot recover", 50, ""},
	{"1367", zab.Bug1367, "What was committed during the synchronisation is never applied.",
		caughtOrder, "where the history has", 50, ""},
	{"2355", zab.Bug2355, "What was committed and not applied when a role ended is " +
		"forgotten, such as the end of a session.", caughtOrder, "where the history has", 150, ""},
	{"1154", zab.Bug1154, "A learner that is ahead is sent DIFF, and keeps its tail.",
		caughtQuorum, "which no quorum has", 150, ""},
	{"1156", zab.Bug1156, "A truncation cuts one transaction too many.",
		caughtKept, "was durable", 1000, ""},
	{"3701", zab.Bug3701, "A failed truncation of the log counts as done.",
		caughtLog, "out of order", 6000, ""},
	{"4882", zab.Bug4882, "A failed append counts as durable.",
		caughtDurable, "is not durable in its log", 150, ""},
	{"1277", zab.Bug1277, "The counter of an epoch runs over into the epoch.",
		caughtLog, "out of order", 100, ""},
	{"1732", zab.Bug1732, "A server that comes late wants the same round and zxid of all who " +
		"follow already.", caughtTogether, "every server serves", 600, ""},
	{"3109", zab.Bug3109, "An elected leader waits for initLimit although its voters have " +
		"changed their minds.", caughtPatience, "waits for a quorum", 300, ""},
	{"4203", zab.Bug4203, "A leader goes on when its quorum port has failed.",
		caughtTogether, "every server serves", 600, ""},
	{"1208", zab.Bug1208, "A request behind the end of its session still makes an ephemeral.",
		caughtOwned, "which does not exist", 100, ""},
	{"3471", zab.Bug3471, "A session that is closed while it is upgraded is forgotten by the " +
		"leader, and its ephemerals stay.", caughtWatched, "does not watch over", 2500, ""},
	{"1675", zab.Bug1675, "A leader that has been replaced and does not know it answers a sync.",
		caughtSync, "answers a sync at", 8000, ""},
	{"repeat", zab.BugRepeat, "A proposal that is sent twice is logged twice.",
		caughtInvalid, "panic: ", 100, ""},
	{"gap", zab.BugGap, "Only who has acknowledged NEWLEADER is sent what is proposed.",
		caughtLoyal, "which leads and speaks to it", 100, ""},
	{"turn", zab.TurnUnpromised, "The next epoch is entered without the promises of a quorum.",
		caughtAlone, "leads epoch", 1000, ""},
	{"half-open", zab.BugHalfOpen, "A voter that has turned away counts for as long as its link " +
		"stands.", caughtPatience, "waits for a quorum", 600, ""},
	{"1496", zab.Bug1496, "A session whose end is under way is renewed.",
		caughtOwned, "which does not exist", 8000, ""},
	{"joint", zab.BugNewQuorumOnly, "A reconfiguration is committed by the new configuration " +
		"alone.", caughtQuorum, "which no quorum has", 1000, "members"},
	{"early", zab.BugEarlyActivation, "A configuration that is proposed counts at UPTODATE.",
		caughtForce, "which is not committed", 2000, "members"},
	{"2865", zab.Bug2865, "A server that was away does not hear which configuration came into " +
		"force.", caughtFiles, "goes by another configuration", 500, "members"},
	{"4708", zab.Bug4708, "A leader takes its own address in the new configuration for " +
		"another one.", caughtPlace, "votes on where it is", 100, "members"},
	{"lost", zab.BugLostProposed, "A proposed configuration counts in a later epoch although " +
		"its transaction was lost.", caughtFiles, "goes by another configuration", 12000,
		"members"},
	{"2819", zab.Bug2819, "Configurations go through the ensemble although reconfiguration is " +
		"off, and replace those of new files.", caughtFiles, "goes by another configuration",
		100, "restarts"},
	{"3829", zab.Bug3829, "A leader commits nothing, since a file of others that it has heard " +
		"of does not name it.", caughtWrites, "a write is acknowledged", 500, "restarts"},
	{"grant", zab.BugOldGrant, "A leader decides on by a grant that was taken back.",
		caughtQuorum, "which no quorum has", 1000, "oracle"},
	{"alone", zab.BugChosenAlone, "A leader that chose its epoch by a grant waits for a voter " +
		"that has promised it already.", caughtLead, "gives up the lead", 8000, "oracle"},
	{"drain", zab.BugForgottenDrain, "A leader forgets whom it has let go, and drains two " +
		"servers at once.", caughtDoor, "all servers are drained at once", 1000, "drains"},
	{"deserted", zab.BugDeserted, "A drain lasts although nobody else is there for the " +
		"clients.", caughtDesert, "somebody takes clients", 100, "drains"},
	{"unreached", zab.BugUnreached, "A leader whose quorum port nobody reaches is elected again " +
		"and again.", caughtTogether, "every server serves", 100, "ports"},
}

// planted finds a plant by its number; nil for "".
func planted(t testing.TB, number string) *plant {
	t.Helper()
	if number == "" {
		return nil
	}
	for i := range plants {
		if plants[i].number == number {
			return &plants[i]
		}
	}
	t.Fatalf("%s: nothing is planted for %q", envPlanted, number)
	return nil
}

// finding is where a bug was found.
type finding struct {
	seed, steps int
}

// seek plays seeds until one finds the bug as the row says.
func (p *plant) seek(first, last int) (finding, bool) {
	for seed := first; seed <= last; seed++ {
		r := Run(uint64(seed), p.options())
		if r.Violation != nil && strings.Contains(r.Violation.Error(), p.breaks) {
			return finding{seed, r.Steps}, true
		}
	}
	return finding{}, false
}

// Each row is a bug that ZooKeeper had. Put back, the simulator must find it within so
// many seeds, by the promise that it breaks. README.md tells where it was found last, and
// is looked at first.
func TestPlantedBugsAreFound(t *testing.T) {
	known := readFindings(t)
	for i := range plants {
		p := &plants[i]
		t.Run(p.number, func(t *testing.T) {
			t.Parallel()
			told := known[p.number]
			if told.seed > 0 {
				if f, found := p.seek(told.seed, told.seed); found && f == told {
					return
				}
				t.Logf("README.md names seed %d, which does not find it any more: "+
					"make sim-table", told.seed)
			}
			f, found := p.seek(1, p.seeds)
			if !found {
				t.Fatalf("not found by %d seeds", p.seeds)
			}
			t.Logf("found by seed %d, step %d", f.seed, f.steps)
		})
	}
}

// Every planted bug has its row in README.md, with what this table says of it.
func TestPlantedBugsAreWrittenDown(t *testing.T) {
	text := readTable(t)
	for i := range plants {
		p := &plants[i]
		if !strings.Contains(text, fmt.Sprintf("| %s | %s | %s |", p.number, p.what, p.caught)) {
			t.Errorf("README.md has no row for %s as it is in this file: make sim-table",
				p.number)
		}
	}
}

// The table of README.md lies between these lines.
const (
	tableFile  = "README.md"
	tableBegin = "<!-- found by the simulator: make sim-table -->\n"
	tableEnd   = "<!-- end of the table -->\n"
)

func readTable(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile(tableFile)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// readFindings gives the seeds and steps that README.md names.
func readFindings(t testing.TB) map[string]finding {
	t.Helper()
	known := make(map[string]finding)
	for line := range strings.Lines(readTable(t)) {
		cells := strings.Split(line, " | ")
		if len(cells) != 6 {
			continue
		}
		seed, errSeed := strconv.Atoi(cells[3])
		steps, errSteps := strconv.Atoi(cells[4])
		if errSeed == nil && errSteps == nil {
			known[strings.TrimPrefix(cells[0], "| ")] = finding{seed, steps}
		}
	}
	return known
}

// TestTable writes the table of README.md anew, where it is asked to.
func TestTable(t *testing.T) {
	if os.Getenv(envTable) == "" {
		t.Skipf("set %s to write the table of %s anew", envTable, tableFile)
	}
	var b strings.Builder
	b.WriteString(tableBegin)
	b.WriteString("| ZOOKEEPER- | what is planted | what breaks | first seed | steps | replay |\n")
	b.WriteString("|---|---|---|---|---|---|\n")
	for i := range plants {
		p := &plants[i]
		f, found := p.seek(1, p.seeds)
		if !found {
			t.Errorf("%s is not found by %d seeds", p.number, p.seeds)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %d | %d | `make sim SEED=%d PLANTED=%s` |\n", p.number,
			p.what, p.caught, f.seed, f.steps, f.seed, p.number)
		t.Logf("%s: seed %d, step %d", p.number, f.seed, f.steps)
	}
	text := readTable(t)
	before, rest, begins := strings.Cut(text, tableBegin)
	_, after, ends := strings.Cut(rest, tableEnd)
	if !begins || !ends {
		t.Fatalf("%s has no place for the table", tableFile)
	}
	text = before + b.String() + tableEnd + after
	if err := os.WriteFile(tableFile, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Where weights decide, servers that count heads lose or divide the history.
func TestServersThatCountHeadsAreFound(t *testing.T) {
	t.Parallel()
	for seed := 1; seed <= 200; seed++ {
		r := Run(uint64(seed), Options{headcount: true})
		if r.Violation != nil {
			t.Logf("found by seed %d: %.300v", seed, r.Violation)
			return
		}
	}
	t.Fatal("not found")
}
