package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"
)

// Record is what earlier runs have measured, as it is committed, the newest first. Each row
// stands once, in the newest run that has measured it.
type Record struct {
	Runs []Run `json:"runs"`
}

// Run is one run with what is known about it.
type Run struct {
	// Date is the end of the run.
	Date    time.Time `json:"date"`
	Command string    `json:"command"`
	Machine Machine   `json:"machine"`
	Disk    Disk      `json:"disk"`
	// Zoo is the revision of this project, Java the version of Java's server, Go that of the
	// compiler.
	Zoo  string `json:"zoo"`
	Java string `json:"java,omitempty"`
	Go   string `json:"go"`

	Rounds   int     `json:"rounds"`
	Warmup   string  `json:"warmup"`
	Duration string  `json:"duration"`
	Others   float64 `json:"others_cpus"`
	Quiet    bool    `json:"quiet"`
	Rows     []row   `json:"rows"`
}

// ReadRecord reads the results of earlier runs; without the file there are none.
func ReadRecord(name string) (rec Record, err error) {
	text, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return rec, nil
	}
	if err != nil {
		return rec, err
	}
	if err := json.Unmarshal(text, &rec); err != nil {
		return rec, fmt.Errorf("read results %s: %w", name, err)
	}
	return rec, nil
}

// with is the record with a run more. What it has measured anew is no more in the others.
func (rec Record) with(newest Run) Record {
	all := Record{Runs: []Run{newest}}
	for _, run := range rec.Runs {
		run.Rows = slices.DeleteFunc(slices.Clone(run.Rows), func(old row) bool {
			_, found := newest.row(old.Name)
			return found
		})
		if slices.ContainsFunc(run.Rows, func(r row) bool { return r.Name != otherCPUs }) {
			all.Runs = append(all.Runs, run)
		}
	}
	return all
}

func (run *Run) row(figure name) (row, bool) {
	i := slices.IndexFunc(run.Rows, func(r row) bool { return r.Name == figure })
	if i < 0 {
		return row{}, false
	}
	return run.Rows[i], true
}

// noisePercent is what two runs on one machine may differ by without a reason.
const noisePercent = 10

// change is how zoo's value of a row differs from what was measured before. It is not
// comparable if that was on another machine, or was another work by its title.
func (rec Record) change(now row, machine Machine) (text string, comparable bool) {
	for i := range rec.Runs {
		before, found := rec.Runs[i].row(now.Name)
		if !found {
			continue
		}
		if !rec.Runs[i].Machine.same(machine) {
			return "-", false
		}
		if before.Title != now.Title {
			return "-", true
		}
		return changeOf(before, now), true
	}
	return "-", true
}

func changeOf(before, now row) string {
	if before.Zoo == nil || now.Zoo == nil || *before.Zoo == 0 {
		return "-"
	}
	percent := (*now.Zoo / *before.Zoo - 1) * 100
	text := fmt.Sprintf("%+.0f %%", percent)
	switch {
	case percent > -noisePercent && percent < noisePercent:
		return text
	case now.Better.reached(*now.Zoo, *before.Zoo):
		return text + " better"
	}
	return text + " WORSE"
}

// write writes the record as it is committed.
func (rec Record) write(name string) error {
	text, err := json.MarshalIndent(rec, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(name, append(text, '\n'), 0o600)
}
