package shell

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"zoo"
)

// form is how a command's answer is written.
type form int

const (
	// asText is zkCli's.
	asText form = iota
	// asJSON is an object a line.
	asJSON
	// asTable is a line of names, and the answers below it.
	asTable
)

// formOptions choose the form; every command has them.
func formOptions() []option {
	return []option{{name: "-json", group: "form"}, {name: "-table", group: "form"}}
}

// takeForm moves the options of the form from those that the command looks at.
func (p *parsed) takeForm() {
	switch {
	case p.has("-json"):
		p.form = asJSON
	case p.has("-table"):
		p.form = asTable
	}
	delete(p.values, "-json")
	delete(p.values, "-table")
}

// column is one named value of an answer.
type column struct {
	name  string
	value any
}

// row is one answer: a line of a table, an object of JSON.
type row []column

// JSON is the object, with its names in their order.
func (r row) JSON() (string, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	for i, c := range r {
		separator := byte(',')
		if i == 0 {
			separator = '{'
		}
		b.WriteByte(separator)
		for j, part := range []any{c.name, c.value} {
			if j > 0 {
				b.WriteByte(':')
			}
			if err := encoder.Encode(part); err != nil {
				return "", fmt.Errorf("%s: %w", c.name, err)
			}
			b.Truncate(b.Len() - 1) // The encoder ends each value with a line feed.
		}
	}
	if len(r) == 0 {
		b.WriteByte('{')
	}
	return b.String() + "}", nil
}

// tableRowsMax is how many rows a table holds back to find how wide its columns are.
const tableRowsMax = 1000

// answers writes rows in the form that a command line asks for.
type answers struct {
	shell *Shell
	form  form
	names []string
	cells [][]string
	wide  []int
}

// answers is where a command's rows go, or nil where it is to write zkCli's text.
func (s *Shell) answers(p *parsed) *answers {
	if p.form == asText {
		return nil
	}
	return &answers{shell: s, form: p.form}
}

// told writes the only row of an answer; false asks for zkCli's text.
func (s *Shell) told(p *parsed, r row) (bool, error) {
	a := s.answers(p)
	if a == nil {
		return false, nil
	}
	return true, a.end(a.add(r))
}

func (a *answers) add(r row) error {
	if a.form == asJSON {
		text, err := r.JSON()
		if err == nil {
			a.shell.print("%s\n", text)
		}
		return err
	}
	names, cells := make([]string, len(r)), make([]string, len(r))
	for i, c := range r {
		names[i], cells[i] = c.name, cellOf(c.value)
	}
	if !slices.Equal(names, a.names) {
		a.flush()
		a.names, a.wide, a.cells = names, make([]int, len(r)), [][]string{names}
	}
	a.cells = append(a.cells, cells)
	if len(a.cells) > tableRowsMax {
		a.flush()
	}
	return nil
}

// end writes what is held back, and gives the error back.
func (a *answers) end(err error) error {
	a.flush()
	return err
}

// flush writes a block of the table. Columns never become narrower in the next one.
func (a *answers) flush() {
	for _, line := range a.cells {
		for i, cell := range line {
			a.wide[i] = max(a.wide[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for _, line := range a.cells {
		for i, cell := range line {
			if i == len(line)-1 {
				b.WriteString(cell)
				break
			}
			fmt.Fprintf(&b, "%-*s  ", a.wide[i], cell)
		}
		b.WriteByte('\n')
	}
	a.shell.print("%s", b.String())
	a.cells = nil
}

// cellOf is a value in a table; what could harm a terminal is quoted.
func cellOf(value any) string {
	switch v := value.(type) {
	case nil:
		return "-"
	case []string:
		return shown(strings.Join(v, ","))
	case string:
		if v == "" {
			return "-"
		}
		return shown(v)
	}
	return fmt.Sprint(value)
}

// shown is a text as it may stand on a terminal.
func shown(text string) string {
	if quoted := strconv.Quote(text); strings.Trim(quoted, `"`) != text {
		return quoted
	}
	return text
}

// dataColumn is a znode's data: text where it is text, and base64 where it is not.
func dataColumn(data []byte) column {
	switch {
	case data == nil:
		return column{"data", nil}
	case utf8.Valid(data):
		return column{"data", string(data)}
	}
	return column{"base64", base64.StdEncoding.EncodeToString(data)}
}

// statColumns are a Stat under zkCli's names, with its times in UTC.
func statColumns(stat zoo.Stat) row {
	at := func(millis int64) string {
		return time.UnixMilli(millis).UTC().Format("2006-01-02T15:04:05.000Z")
	}
	return row{{"cZxid", hex(stat.Czxid)}, {"ctime", at(stat.Ctime)},
		{"mZxid", hex(stat.Mzxid)}, {"mtime", at(stat.Mtime)}, {"pZxid", hex(stat.Pzxid)},
		{"cversion", stat.Cversion}, {"dataVersion", stat.Version},
		{"aclVersion", stat.Aversion}, {"ephemeralOwner", hex(stat.EphemeralOwner)},
		{"dataLength", stat.DataLength}, {"numChildren", stat.NumChildren}}
}

// statColumnsIf are the Stat's if the option -s is given.
func statColumnsIf(p *parsed, stat zoo.Stat) row {
	if !p.has("s") {
		return nil
	}
	return statColumns(stat)
}

// hex is an id as zkCli writes it.
func hex[T ~int64](id T) string { return fmt.Sprintf("0x%x", uint64(id)) }
