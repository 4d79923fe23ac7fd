package words

import (
	"context"
	"slices"
	"strings"
	"testing"

	"zoo/internal/doctor"
	"zoo/internal/doctor/survey"
	"zoo/test/ensemble"
)

// The plot: the doctor is told one server of an ensemble of Java's, and then of ours. It
// finds the others, knows who leads and whose they are, and has no error to tell.
func TestTheDoctorUnderstandsBothKinds(t *testing.T) {
	for kind, program := range map[string]ensemble.Program{
		"java": ensemble.Java("128m"), "zoo": ensemble.Zoo(build(t))} {
		t.Run(kind, func(t *testing.T) { examine(t, kind, program) })
	}
}

func examine(t *testing.T, kind string, program ensemble.Program) {
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	e, err := ensemble.New(ensemble.Options{Dir: t.TempDir(), Voters: 3, Program: program})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	if err := e.Start(ctx); err != nil {
		t.Fatal(err)
	}
	follower := e.WithMode(ctx, "follower")[0]
	facts := survey.Gather(ctx, survey.Options{Addresses: []string{follower.Address()}})
	report := doctor.Examine(facts)
	if len(facts.Servers) != 3 || len(facts.Ports) != 4 {
		t.Fatalf("asked %+v, dialled %+v, unseen %q", facts.Servers, facts.Ports, facts.Unseen)
	}
	expectServers(t, kind, facts)
	if tolerance := report.Tolerance; tolerance == nil || tolerance.Now != 1 {
		t.Errorf("tolerance: %v", tolerance)
	}
	if i := slices.IndexFunc(report.Findings, func(f doctor.Finding) bool {
		return f.Severity == doctor.SeverityError || f.ID == "learner-lags"
	}); i >= 0 {
		t.Errorf("found %+v", report.Findings[i])
	}
}

func expectServers(t *testing.T, kind string, facts *doctor.Facts) {
	t.Helper()
	leaders := 0
	for _, s := range facts.Servers {
		if ours := strings.Contains(s.Version, "-zoo"); ours != (kind == "zoo") {
			t.Errorf("the version is %s", s.Version)
		}
		if s.Role == "leader" {
			leaders++
		}
		if s.Figures["watch_count"] != 0 || s.Figures["max_file_descriptor_count"] == 0 {
			t.Errorf("figures: %v", s.Figures)
		}
	}
	if leaders != 1 {
		t.Errorf("%d lead", leaders)
	}
}
