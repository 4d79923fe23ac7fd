package config

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

// page is where the settings are listed for those who do not run the program.
const page = "../../docs/settings.md"

const pageHead = `# Settings

Every key and property of ZooKeeper 3.9 that this server knows, from the tables that it reads them
by; a test keeps this page the same. A key stands in zoo.cfg as it is, and on the command line
behind -Dzookeeper. What is shown with -D is read from the command line only, without that prefix.
A name that ends in a dot stands for all that begin so. The lines server.N are as in ZooKeeper.
What a configuration comes to is shown by: zoo config explain.
`

// titles are the headings of the tables.
var titles = []string{"Time, ports, and who is in the ensemble", "The log and the snapshots",
	"What clients may take", "The links between servers", "TLS between servers", "Who may be whom",
	"TLS for clients", "What operators watch", "Traces", "What means something to Java only"}

// written is the page as the rows make it.
func written() string {
	var b strings.Builder
	b.WriteString(pageHead)
	for i, table := range tables {
		fmt.Fprintf(&b, "\n## %s\n\n", titles[i])
		b.WriteString("| key | default | meaning | here |\n|---|---|---|---|\n")
		for _, r := range table {
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", r.pageName(), quoted(r.value),
				escaped(r.doc), escaped(r.standing()))
		}
	}
	return b.String()
}

func (r row) pageName() string {
	if r.propertyOnly {
		return quoted("-D" + r.name)
	}
	return quoted(r.name)
}

// standing tells whether a setting counts.
func (r row) standing() string {
	if r.reason != "" {
		return "no effect: " + r.reason
	}
	if r.parse != nil && refusesAll(r) {
		return "refused: " + r.parse(newDraft(""), "1").Error()
	}
	if r.parse != nil && r.value == "false" {
		if err := r.parse(newDraft(""), "true"); err != nil {
			return "only false: " + err.Error()
		}
	}
	return "honoured"
}

// refusesAll tells whether a row says the same of every value.
func refusesAll(r row) bool {
	first := r.parse(newDraft(""), "1")
	if first == nil {
		return false
	}
	for _, value := range []string{"0", "true", "x", "none", "JKS", "super:x"} {
		if err := r.parse(newDraft(""), value); err == nil || err.Error() != first.Error() {
			return false
		}
	}
	return true
}

func quoted(text string) string {
	if text == "" {
		return ""
	}
	return "`" + text + "`"
}

func escaped(text string) string { return strings.ReplaceAll(text, "|", "\\|") }

// The plot: somebody adds a row or changes a default. The page has to say so; run this
// test with -rewrite, and read the difference.
func TestThePageOfSettingsIsThatOfTheRows(t *testing.T) {
	if len(titles) != len(tables) {
		t.Fatalf("%d titles for %d tables", len(titles), len(tables))
	}
	if f := flag.Lookup("rewrite"); f != nil && f.Value.String() == "true" {
		if err := os.WriteFile(page, []byte(written()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if string(text) != written() {
		t.Errorf("docs/settings.md is not what the rows say; run this test with -rewrite")
	}
}
