package migrate

import (
	"slices"
	"strings"
)

// Severity says how bad a finding is.
type Severity string

// The severities. With a problem nothing must go on; a warning wants to be read; a note
// tells what will be different, or could not be looked at.
const (
	SeverityProblem Severity = "problem"
	SeverityWarning Severity = "warning"
	SeverityNote    Severity = "note"
)

// Finding is something that an operator should know before the next step.
type Finding struct {
	Severity Severity `json:"severity"`
	// Servers are the names of those that it is about; none means all.
	Servers []string `json:"servers"`
	// Place is file:line, where there is one.
	Place string `json:"place,omitempty"`
	Text  string `json:"text"`
	// Advice says what to do about it; a note may have none.
	Advice string `json:"advice,omitempty"`
}

// String is the finding on one line, without its advice.
func (f Finding) String() string {
	who := ""
	if len(f.Servers) > 0 {
		who = "server " + strings.Join(f.Servers, ",") + ": "
	}
	if f.Place != "" {
		who += f.Place + ": "
	}
	return who + f.Text
}

// Sound tells whether no finding is a problem.
func Sound(findings []Finding) bool {
	return !slices.ContainsFunc(findings, func(f Finding) bool {
		return f.Severity == SeverityProblem
	})
}
