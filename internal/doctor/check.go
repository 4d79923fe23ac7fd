package doctor

import (
	"fmt"
	"slices"
)

// Severity says how bad a finding is.
type Severity string

// The severities. With an error something does not work, or data is at stake; a warning
// hurts as soon as something else goes wrong; a note is good to know.
const (
	SeverityError   Severity = "error"
	SeverityWarning Severity = "warning"
	SeverityNote    Severity = "note"
)

// Finding is a mistake that was made.
type Finding struct {
	ID       string   `json:"id"`
	Severity Severity `json:"severity"`
	// Where is file:line, a directory, or a server.
	Where  string `json:"where"`
	What   string `json:"what"`
	Why    string `json:"why"`
	Remedy string `json:"remedy"`
}

// Check is a mistake that can be made.
type Check struct {
	// ID does not change between versions.
	ID       string
	Severity Severity
	// Title says what is found, Why what it leads to, Remedy what to do about it.
	Title, Why, Remedy string
	find               func(f *Facts, tell teller)
}

// teller notes one place at which something is wrong.
type teller func(where, format string, args ...any)

// Chapter is a group of checks.
type Chapter struct {
	Title  string
	Checks []Check
}

// Chapters are all checks.
func Chapters() []Chapter {
	return []Chapter{
		{"Configurations", configChecks},
		{"Who is in the ensemble", ensembleChecks},
		{"TLS", tlsChecks},
		{"Data directories", directoryChecks},
		{"Running ensembles", runningChecks},
		{"Load and limits", loadChecks},
	}
}

// Report is what was found.
type Report struct {
	Findings []Finding `json:"findings"`
	// Tolerance is nil where there is no ensemble.
	Tolerance *Tolerance `json:"tolerance,omitempty"`
	// Unseen is what could not be looked at.
	Unseen []string `json:"unseen"`
	// Checks is how many checks there are.
	Checks int `json:"checks"`
}

// Count is how many findings have a severity.
func (r *Report) Count(s Severity) int {
	n := 0
	for i := range r.Findings {
		if r.Findings[i].Severity == s {
			n++
		}
	}
	return n
}

// rank is the order in which findings are told.
func (s Severity) rank() int {
	return slices.Index([]Severity{SeverityError, SeverityWarning, SeverityNote}, s)
}

// Examine does all checks. The worst comes first.
func Examine(f *Facts) *Report {
	r := &Report{Findings: []Finding{}, Unseen: append([]string{}, f.Unseen...),
		Tolerance: tolerance(f)}
	for _, chapter := range Chapters() {
		for _, c := range chapter.Checks {
			r.Checks++
			c.find(f, func(where, format string, args ...any) {
				r.Findings = append(r.Findings, Finding{c.ID, c.Severity, where,
					fmt.Sprintf(format, args...), c.Why, c.Remedy})
			})
		}
	}
	slices.SortStableFunc(r.Findings, func(a, b Finding) int {
		return a.Severity.rank() - b.Severity.rank()
	})
	return r
}
