package curves

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"fmt"
	"math"
	"slices"
	"strconv"

	"zoo/internal/plot"
)

// table is what was measured of a curve. As a file it is
//
//	side,NAME,COLUMN,...
//	zoo,1000,12.5,...
//
// with one line for each point of a side, in their order; a figure that is missing is empty.
type table struct {
	curve *curve
	rows  []row
}

type row struct {
	side    string
	at      int
	figures figures
}

// parseTable reads a file. Columns that the curve no longer has are dropped.
func parseTable(c *curve, text []byte) (*table, error) {
	t := &table{curve: c}
	records, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil || len(records) == 0 {
		return t, err
	}
	head := records[0]
	for _, record := range records[1:] {
		r := row{side: record[0], figures: figures{}}
		if r.at, err = strconv.Atoi(record[1]); err != nil {
			return nil, fmt.Errorf("point of %s: %w", c.name, err)
		}
		for i, field := range record[2:] {
			name := head[i+2]
			if field == "" || !slices.Contains(c.columns(), name) {
				continue
			}
			if r.figures[name], err = strconv.ParseFloat(field, 64); err != nil {
				return nil, fmt.Errorf("%s at %d of %s: %w", name, r.at, c.name, err)
			}
		}
		t.rows = append(t.rows, r)
	}
	return t, nil
}

// put replaces a point, or adds it.
func (t *table) put(r row) {
	t.rows = slices.DeleteFunc(t.rows, func(old row) bool {
		return old.side == r.side && old.at == r.at
	})
	t.rows = append(t.rows, r)
	slices.SortFunc(t.rows, func(a, b row) int {
		return cmp.Or(-cmp.Compare(a.side, b.side), cmp.Compare(a.at, b.at))
	})
}

// encode makes the file.
func (t *table) encode() []byte {
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	// Writes to memory do not fail; Flush would tell otherwise.
	_ = w.Write(append([]string{"side", t.curve.name}, t.curve.columns()...))
	for _, r := range t.rows {
		record := []string{r.side, strconv.Itoa(r.at)}
		for _, name := range t.curve.columns() {
			record = append(record, r.text(name))
		}
		_ = w.Write(record)
	}
	w.Flush()
	return out.Bytes()
}

// text is a figure for people and files, or nothing where there is none.
func (r row) text(column string) string {
	value, there := r.figures[column]
	if !there {
		return ""
	}
	return number(value)
}

// digits are how many of a figure mean anything.
const digits = 3

// number has at least digits, and no more behind the point than they need.
func number(value float64) string {
	if value == 0 || math.IsInf(value, 0) || math.IsNaN(value) {
		return strconv.FormatFloat(value, 'f', -1, 64)
	}
	behind := digits - 1 - int(math.Floor(math.Log10(math.Abs(value))))
	scale := math.Pow(10, float64(max(0, behind)))
	return strconv.FormatFloat(math.Round(value*scale)/scale, 'f', -1, 64)
}

// sides are those of the rows, in their order.
func (t *table) sides() (names []string) {
	for _, r := range t.rows {
		if !slices.Contains(names, r.side) {
			names = append(names, r.side)
		}
	}
	return names
}

// series are the points of one column on one side.
func (t *table) series(side, column string) (points []plot.Point) {
	for _, r := range t.rows {
		if value, there := r.figures[column]; there && r.side == side {
			points = append(points, plot.Point{X: float64(r.at), Y: value})
		}
	}
	return points
}
