package paper

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
)

// Results in a directory are one CSV file for each experiment and a plot beside it:
//
//	table1.csv, figure5.csv   side,servers,reads_percent,ops_per_s,p50_ms,p99_ms,failures
//	table2.csv                side,servers,workers,creates_per_s,p50_ms,p99_ms,failures
//	figure8.csv               side,servers,second,ops
//	figure8-events.csv        side,servers,second,mark,what,server,error
//
// and paper.txt, which is all of them for people.
var (
	readsHead = []string{"side", "servers", "reads_percent", "ops_per_s", "p50_ms", "p99_ms",
		"failures"}
	createsHead = []string{"side", "servers", "workers", "creates_per_s", "p50_ms", "p99_ms",
		"failures"}
	secondsHead = []string{"side", "servers", "second", "ops"}
	eventsHead  = []string{"side", "servers", "second", "mark", "what", "server", "error"}
)

const (
	textFile   = "paper.txt"
	eventsName = "figure8-events"
)

func headOf(e Experiment) []string {
	if e == Table2 {
		return createsHead
	}
	return readsHead
}

// tables are the files of what there is, by their names without .csv.
func (r *Results) tables() map[string][][]string {
	all := map[string][][]string{}
	put := func(name string, head, row []string) {
		if all[name] == nil {
			all[name] = [][]string{head}
		}
		all[name] = append(all[name], row)
	}
	for _, p := range r.Points {
		put(string(p.Experiment), headOf(p.Experiment), append(p.cells(), strconv.Itoa(p.At),
			number(p.Rate, 1), number(p.P50, 3), number(p.P99, 3),
			strconv.FormatUint(p.Failures, 10)))
	}
	for _, s := range r.Seconds {
		put(string(Figure8), secondsHead, append(s.cells(), strconv.Itoa(s.At),
			strconv.FormatUint(s.Ops, 10)))
	}
	for _, h := range r.Happenings {
		put(eventsName, eventsHead, append(h.cells(), number(h.At, 1), h.Mark, string(h.Kind),
			h.Server, h.Error))
	}
	return all
}

func (e Ensemble) cells() []string { return []string{e.Side, strconv.Itoa(e.Servers)} }

// number has no more digits behind the point than that.
func number(value float64, digits int) string {
	unit := math.Pow10(digits)
	return strconv.FormatFloat(math.Round(value*unit)/unit, 'f', -1, 64)
}

// Write writes all files of a directory, which it makes when it is not there.
func (r *Results) Write(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	put := func(name string, text []byte) error {
		return os.WriteFile(filepath.Join(dir, name), text, 0o644)
	}
	for name, rows := range r.tables() {
		var text bytes.Buffer
		if err := csv.NewWriter(&text).WriteAll(rows); err != nil {
			return err
		}
		if err := put(name+".csv", text.Bytes()); err != nil {
			return err
		}
	}
	for name, figure := range r.plots() {
		if err := put(name+".svg", figure.SVG()); err != nil {
			return err
		}
	}
	var text bytes.Buffer
	if err := r.WriteText(&text); err != nil {
		return err
	}
	return put(textFile, text.Bytes())
}

// Read reads what Write has written; without a file there is none of its results.
func Read(dir string) (*Results, error) {
	r := &Results{}
	for _, e := range []Experiment{Table1, Figure5, Table2} {
		err := readTable(dir, string(e), headOf(e), func(p *parser) {
			r.Points = append(r.Points, Point{Ensemble: p.ensemble(), Experiment: e,
				At: p.count(2), Rate: p.number(3), P50: p.number(4), P99: p.number(5),
				Failures: uint64(p.count(6))})
		})
		if err != nil {
			return nil, err
		}
	}
	err := readTable(dir, string(Figure8), secondsHead, func(p *parser) {
		r.Seconds = append(r.Seconds, Second{p.ensemble(), p.count(2), uint64(p.count(3))})
	})
	if err != nil {
		return nil, err
	}
	return r, readTable(dir, eventsName, eventsHead, func(p *parser) {
		r.Happenings = append(r.Happenings, Happening{p.ensemble(), p.number(2), p.cells[3],
			Kind(p.cells[4]), p.cells[5], p.cells[6]})
	})
}

// parser reads the cells of one row and keeps the first error.
type parser struct {
	cells []string
	err   error
}

func (p *parser) ensemble() Ensemble { return Ensemble{p.cells[0], p.count(1)} }

func (p *parser) count(i int) int {
	n, err := strconv.ParseUint(p.cells[i], 10, 62)
	p.err = errors.Join(p.err, err)
	return int(n)
}

func (p *parser) number(i int) float64 {
	value, err := strconv.ParseFloat(p.cells[i], 64)
	p.err = errors.Join(p.err, err)
	return value
}

func readTable(dir, name string, head []string, each func(*parser)) error {
	name = filepath.Join(dir, name+".csv")
	text, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	reader := csv.NewReader(bytes.NewReader(text))
	reader.FieldsPerRecord = len(head)
	rows, err := reader.ReadAll()
	if err != nil || len(rows) == 0 {
		return errors.Join(err, fmt.Errorf("%s is not a table of this", name))
	}
	for i, cells := range rows[1:] {
		p := &parser{cells: cells}
		each(p)
		if p.err != nil {
			return fmt.Errorf("%s, row %d: %w", name, i+2, p.err)
		}
	}
	return nil
}
