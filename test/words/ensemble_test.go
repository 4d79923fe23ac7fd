package words

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"testing"

	"zoo/test/ensemble"
)

// askedOfRoles are the words whose answers depend on the role.
var askedOfRoles = []string{"srvr", "stat", "cons", "dump", "mntr"}

// fresh is in front of a word's name for what it said before any client came.
const fresh = "fresh "

// startRoles starts three voters and an observer.
func startRoles(ctx context.Context, t *testing.T, program ensemble.Program) *ensemble.Ensemble {
	e, err := ensemble.New(ensemble.Options{
		Dir: t.TempDir(), Voters: 3, Observers: 1, Program: program, Operated: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	if err := e.Start(ctx); err != nil {
		t.Fatal(err)
	}
	return e
}

// said is what one server says: to words, and to commands over HTTP.
type said struct {
	words    answers
	commands map[string]told
}

// collectRoles asks one server of each role before the history and after it.
func collectRoles(t *testing.T, program ensemble.Program) map[string]said {
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	e := startRoles(ctx, t, program)
	all := map[string]said{}
	servers := map[string]*ensemble.Server{}
	for _, role := range []string{"leader", "follower", "observer"} {
		servers[role] = e.WithMode(ctx, role)[0]
		all[role] = said{words: answers{}}
	}
	ask := func(prefix string) {
		for role, server := range servers {
			for _, word := range askedOfRoles {
				text, err := server.Ask(ctx, word)
				if err != nil {
					t.Fatal(err)
				}
				all[role].words[prefix+word] = text
			}
		}
	}
	ask(fresh)
	play(t, servers["follower"].Address())
	if err := e.WaitOneZxid(ctx); err != nil {
		t.Fatal(err)
	}
	ask("")
	for role, server := range servers {
		commands, err := askCommands(ctx, server)
		if err != nil {
			t.Fatal(err)
		}
		all[role] = said{all[role].words, commands}
	}
	return all
}

// ownWrite is what a Java server counts when it puts the configuration into its tree
// at the start, which is no client's write.
var ownWrite = regexp.MustCompile(`(?m)^zk_[a-z]+_zookeeper_write_per_namespace\t.*\n`)

var (
	zxidLine  = regexp.MustCompile(`(?m)^Zxid: .*$`)
	sizesLine = regexp.MustCompile(`(?m)^Proposal sizes.*$`)
)

// zxidsFresh is what a learner may say before there is a transaction.
var zxidsFresh = []string{"Zxid: 0x0", "Zxid: 0x100000000"}

// The plot: two ensembles hear the same history through a follower. Each role says the
// same as Java's, before it and after it: the lines of srvr, stat, cons and dump, the
// zxid of an epoch without transactions, the sizes of proposals that were none, and
// the figures of mntr that only a role or an ensemble has. Over HTTP their commands have the
// same fields.
func TestEveryRoleAnswersAsJavaDoes(t *testing.T) {
	binary := build(t)
	java := collectRoles(t, ensemble.JavaOperated("128m"))
	zoo := collectRoles(t, ensemble.Zoo(binary))
	for role := range java {
		t.Run(role, func(t *testing.T) { compareRole(t, java[role].words, zoo[role].words) })
		t.Run(role+" over HTTP", func(t *testing.T) {
			compareCommands(t, java[role].commands, zoo[role].commands)
		})
		compareFresh(t, role, java[role].words[fresh+"srvr"], zoo[role].words[fresh+"srvr"])
	}
}

// compareFresh compares what srvr says before there is a transaction. A learner of Java
// has the zxid of the epoch or none, as it came after the leader had begun or before: that
// of ours must be one of them.
func compareFresh(t *testing.T, role, java, zoo string) {
	if want, got := zxidLine.FindString(java), zxidLine.FindString(zoo); want != got &&
		(role == "leader" || !slices.Contains(zxidsFresh, got)) {
		t.Errorf("%s before any client: Java says %q, zoo %q", role, want, got)
	}
	if role == "observer" {
		return
	}
	if want, got := sizesLine.FindString(java), sizesLine.FindString(zoo); want != got {
		t.Errorf("%s before any client: Java says %q, zoo %q", role, want, got)
	}
}

func compareRole(t *testing.T, java, zoo answers) {
	for name, text := range java {
		word := strings.TrimPrefix(name, fresh)
		if word == "mntr" {
			compareMonitor(t, ownWrite.ReplaceAllString(text, ""), zoo[name])
			continue
		}
		if want, got := shape(word, text), shape(word, zoo[name]); want != got {
			t.Errorf("%s: Java says\n%s\nzoo says\n%s", name, want, got)
		}
	}
}
