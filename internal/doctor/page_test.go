package doctor

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var rewrite = flag.Bool("rewrite", false, "write docs/operate/doctor.md as the checks are now")

// page is where the checks are listed for those who do not run the program.
const page = "../../docs/operate/doctor.md"

const pageHead = `# The doctor

    zoo doctor /etc/zoo/zoo.cfg                  on a server's own machine
    zoo doctor zoo1:2181                         finds the other members by itself
    zoo doctor 1=zoo1.cfg 2=zoo2.cfg 3=zoo3.cfg  compares the files, and asks the servers

It looks for the mistakes that operators of ZooKeeper make and suffer from, ours and Java's: in
configurations, in the data directories and certificates that they lead to on this machine, in
what names mean and which ports are open here, and at the running servers, by the four-letter
words srvr, mntr, conf and stat and by /readyz. It changes nothing. It asks the members that a
configuration or a server names, too; the flag
` + "`--offline` asks nobody, and `--skip-dirs`" + ` leaves the directories alone.
Each server logs a refused peer when its ports are dialled; ` + "`--skip-ports`" + ` dials none.
Only when told to does it take time or write: ` + "`--read-data`" + ` reads all of the
data as zoo dir check does, ` + "`--measure-sync`" + ` writes and removes a file of
80 KiB in dataLogDir. ` + "`-D`" + ` and ` + "`--jvm`" + ` are as for ` + "`zoo migrate`" + `.

The exit code is 0 if no finding is an error, 1 if one is, and 2 if it could not be looked. What
could not be looked at is told, in the end, and is not called good.
In ` + "`--json`" + ` each finding has an id that stays the same.

This page is written from the checks themselves; a test compares them.
`

// written is the page as the checks make it.
func written() string {
	var b strings.Builder
	b.WriteString(pageHead)
	for _, chapter := range Chapters() {
		fmt.Fprintf(&b, "\n## %s\n", chapter.Title)
		for _, c := range chapter.Checks {
			fmt.Fprintf(&b, "\n### %s\n", c.ID)
			for _, text := range []string{"**" + string(c.Severity) + "**: " + c.Title, c.Why,
				"*Remedy:* " + c.Remedy} {
				b.WriteString("\n" + wrapped(text) + "\n")
			}
		}
	}
	return b.String()
}

// wrapped breaks a paragraph into lines. None begins with what Markdown takes for a list.
func wrapped(text string) string {
	const columns = 110
	var b strings.Builder
	at := 0
	for word := range strings.FieldsSeq(text) {
		switch {
		case at == 0:
		case at+1+len(word) > columns && word != "-n":
			b.WriteByte('\n')
			at = 0
		default:
			b.WriteByte(' ')
			at++
		}
		b.WriteString(word)
		at += len(word)
	}
	return b.String()
}

// The plot: somebody adds a check or mends a text. The page has to say so; run this test
// with -rewrite, and read the difference.
func TestThePageOfChecksIsThatOfTheChecks(t *testing.T) {
	if *rewrite {
		if err := os.WriteFile(page, []byte(written()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if string(text) != written() {
		t.Errorf("docs/operate/doctor.md is not what the checks say; run this test with -rewrite")
	}
}
