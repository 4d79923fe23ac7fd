package command

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var rewrite = flag.Bool("rewrite", false, "write docs/reference/commands.md as the table is now")

// page is where the commands are listed for those who do not run the program.
const page = "../../../docs/reference/commands.md"

const pageHead = `# Commands for operators

All that a server answers to operators, from the table that it answers by; a test of
~internal/ops/command~ keeps this page the same (~-rewrite~). Over HTTP a command is
~/commands/NAME~ of the admin port, by its name or one of the others ([the admin
server](../operate/admin.md) says who gets in, and what the fields of each answer mean); ~zoo
admin NAME~ asks for it; ~/commands?format=json~ is this table for programs. A word is sent to the
client port as it is: ~echo srvr | nc HOST 2181~.

- **who**: *operators* have a key, or all permissions at the root; *all* are all who may enter
  the admin port at all.
- *always*: answered while the server does not serve, too. The words ~isro~, ~gtmk~ and ~stmk~
  are.
- *ours*: ZooKeeper's servers have no such command.
- A word is answered if ~4lw.commands.whitelist~ has it. In bold are those that are, if nothing
  is set; ~srvr~ and ~strt~ always are.

`

// written is the page as the rows make it.
func written() string {
	var b strings.Builder
	b.WriteString(strings.ReplaceAll(pageHead, "~", "`"))
	b.WriteString("| command | others | word | who | | what it does |\n" +
		"|---|---|---|---|---|---|\n")
	for _, c := range Table() {
		name := quoted(c.Name)
		if c.Method == post {
			name = "POST " + name
		}
		var others []string
		for _, alias := range c.Aliases {
			if alias != c.Word {
				others = append(others, quoted(alias))
			}
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", name, strings.Join(others, ", "),
			c.shownWord(), c.who(), c.notes(), c.told())
	}
	return b.String()
}

func quoted(text string) string {
	if text == "" {
		return ""
	}
	return "`" + text + "`"
}

func (c *Command) shownWord() string {
	if c.Safe {
		return "**" + quoted(c.Word) + "**"
	}
	return quoted(c.Word)
}

func (c *Command) who() string {
	switch {
	case c.Name == "":
		return ""
	case c.Guarded:
		return "operators"
	}
	return "all"
}

func (c *Command) notes() string {
	var notes []string
	if c.Anytime {
		notes = append(notes, "always")
	}
	if c.Own {
		notes = append(notes, "ours")
	}
	return strings.Join(notes, ", ")
}

func (c *Command) told() string {
	told := c.Help
	for _, p := range c.Parameters {
		told += fmt.Sprintf("<br>%s: %s", quoted(p.Name+"="), p.Help)
	}
	return told
}

// The plot: somebody adds a command. The page has to say so; run this test with -rewrite, and
// read the difference.
func TestThePageOfCommandsForOperatorsIsTheTable(t *testing.T) {
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
		t.Error("docs/reference/commands.md is not what the table says; run this with -rewrite")
	}
}
