package curves

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"zoo/internal/plot"
)

// docs is where the page is, below it the tables and plots.
const (
	docs   = "../../../docs"
	page   = docs + "/scale-curves.md"
	scales = docs + "/scale"
)

func (c *curve) tableFile() string { return filepath.Join(scales, c.name+".csv") }

func (c *curve) plotFile() string { return filepath.Join(scales, c.name+".svg") }

// read is the table of a curve, empty before it has been measured.
func (c *curve) read() (*table, error) {
	text, err := os.ReadFile(c.tableFile())
	if os.IsNotExist(err) {
		return &table{curve: c}, nil
	}
	if err != nil {
		return nil, err
	}
	return parseTable(c, text)
}

// write puts the table and its plot into their files.
func (t *table) write() error {
	if err := os.MkdirAll(scales, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(t.curve.tableFile(), t.encode(), 0o644); err != nil {
		return err
	}
	return os.WriteFile(t.curve.plotFile(), t.plot(), 0o644)
}

// words are what people wrote about a curve.
func (c *curve) words() (string, error) {
	text, err := os.ReadFile(filepath.Join("testdata", c.name+".md"))
	return strings.TrimSpace(string(text)), err
}

const pageHead = `# How cost grows

Made of the tables in docs/scale and of what is written in test/bench/curves/testdata; a test
keeps it so. Measured by make curves on a machine with 2 cores that servers and load share, fsync
on; each point is one measurement with new servers, so that a few per cent mean nothing.
other_cpus is how many CPUs others were using meanwhile: where it is not near 0 the rates are too
low, and the CPU times a little high; where it is empty nobody looked. What follows from it for
larger machines is in [scale.md](scale.md).
`

// written is the page as tables and words make it.
func written(all []curve) (string, error) {
	var b strings.Builder
	b.WriteString(pageHead)
	for i := range all {
		c := &all[i]
		t, err := c.read()
		if err != nil {
			return "", err
		}
		words, err := c.words()
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n![%s](scale/%s.svg)\n\n", c.title, c.method, c.title,
			c.name)
		t.writeRows(&b)
		fmt.Fprintf(&b, "\n%s\n", words)
	}
	return b.String(), nil
}

// writeRows writes the table for the page.
func (t *table) writeRows(b *strings.Builder) {
	head := []string{t.curve.across}
	several := len(t.sides()) > 1
	if several {
		head = append([]string{"side"}, head...)
	}
	head = append(head, t.curve.columns()...)
	fmt.Fprintf(b, "| %s |\n|%s\n", strings.Join(head, " | "), strings.Repeat("---|", len(head)))
	for _, r := range t.rows {
		cells := []string{plot.Label(float64(r.at))}
		if several {
			cells = append([]string{r.side}, cells...)
		}
		for _, column := range t.curve.columns() {
			cells = append(cells, r.text(column))
		}
		fmt.Fprintf(b, "| %s |\n", strings.Join(cells, " | "))
	}
}
