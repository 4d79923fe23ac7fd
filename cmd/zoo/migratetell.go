package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"zoo/internal/migrate"
)

// stateBytesMax bounds a state: that of an ensemble with a million sessions is smaller.
const stateBytesMax = 64 << 20

func readState(file string) (*migrate.State, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	if info.Size() > stateBytesMax {
		return nil, fmt.Errorf("%s: %w: it is too long", file, migrate.ErrState)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	state, err := migrate.Decode(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return state, nil
}

// writeState replaces the file as a whole, or leaves it as it was.
func writeState(file string, state *migrate.State) error {
	text, err := state.Encode()
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*")
	if err != nil {
		return fmt.Errorf("write the state: %w", err)
	}
	_, err = bytes.NewReader(text).WriteTo(f)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write the state: %w", err), os.Remove(f.Name()))
	}
	return nil
}

// tellCheck prints a line for each setting and each finding, and the result.
func (m *Main) tellCheck(r *checkReport, json bool) error {
	p := m.printer(format(json))
	var errs []error
	if json {
		errs = append(errs, p.line(r, ""))
	} else {
		for _, s := range r.Settings {
			text := fmt.Sprintf("%-9s  server %s: %s=%s", s.Verdict, strings.Join(s.Servers, ","),
				s.Name, s.Value)
			if s.Verdict == migrate.NoEffect {
				text += ": " + s.Reason
			}
			errs = append(errs, p.line(nil, "%s", text))
		}
		errs = append(errs, p.findings(r.Findings), p.result(r.Good, "see the problems above"))
	}
	return ended(p.close(errors.Join(errs...)), r.Good)
}

// ended is the exit of a command that could do its work.
func ended(err error, good bool) error {
	if err == nil && !good {
		return exitFound
	}
	return troubled(err)
}

func (p *printer) findings(found []migrate.Finding) error {
	var errs []error
	for _, f := range found {
		errs = append(errs, p.line(nil, "%-9s  %v", f.Severity, f))
		if f.Advice != "" {
			errs = append(errs, p.line(nil, "           advice: %s", f.Advice))
		}
	}
	return errors.Join(errs...)
}

func (p *printer) result(good bool, bad string) error {
	if good {
		return p.line(nil, "result: good")
	}
	return p.line(nil, "result: NOT GOOD, %s", bad)
}

// planReport is what plan and back print.
type planReport struct {
	Findings []migrate.Finding `json:"findings"`
	Good     bool              `json:"good"`
	Steps    []migrate.Act     `json:"steps"`
	// Back is the way back once all steps are done.
	Back []migrate.Act `json:"back"`

	state string
	back  bool
}

// tellPlan prints the findings, what to do, and the result.
func (m *Main) tellPlan(r *planReport, json bool) error {
	p := m.printer(format(json))
	var err error
	switch {
	case json:
		err = p.line(r, "")
	case !r.Good && !r.back:
		err = errors.Join(p.findings(r.Findings),
			p.result(false, "there is no plan before the problems above are solved"))
	default:
		err = errors.Join(p.findings(r.Findings), p.acts(r),
			p.result(r.Good, "solve the problems above with the first step"))
	}
	return ended(p.close(err), r.Good)
}

func (p *printer) acts(r *planReport) error {
	state := migrate.Quote(r.state)
	if len(r.Steps) == 0 {
		return p.line(nil, "nothing is left to do")
	}
	errs := []error{p.line(nil, "Nothing below is done by this program. One step at a "+
		"time, and the next one only\nafter a verify that ends with 0. The way back is open "+
		"at any time:\n"+
		"    zoo migrate back --state %s\n", state)}
	if !r.back && r.Steps[0].Step == 1 {
		errs = append(errs, p.line(nil, "step 0: note what is there\n"+
			"    zoo migrate verify --state %s --step 0\n", state))
	}
	errs = append(errs, p.steps(r.Steps))
	if len(r.Back) > 0 {
		errs = append(errs, p.line(nil, "The way back once all is done, if nothing changes "+
			"who leads\n(zoo migrate back asks):\n"), p.steps(r.Back))
	}
	return errors.Join(errs...)
}

func (p *printer) steps(acts []migrate.Act) error {
	var errs []error
	for _, a := range acts {
		outage := ""
		if a.Outage {
			outage = " (no quorum meanwhile)"
		}
		errs = append(errs, p.line(nil, "step %d: server %s, %s, %s, becomes %s%s\n"+
			"    %s\n    %s\n    %s\n", a.Step, a.Server, a.Role, a.Where, a.To, outage,
			a.Stop, a.Start, a.Verify))
	}
	return errors.Join(errs...)
}

// tellVerdict prints a line for each answer, and what comes next.
func (m *Main) tellVerdict(state *migrate.State, v *migrate.Verification, json bool) error {
	p := m.printer(format(json))
	if json {
		return ended(p.close(p.line(v, "")), v.Good())
	}
	errs := []error{p.line(nil, "verify step %d of %d", v.Step, v.Steps)}
	for _, a := range v.Answers {
		errs = append(errs, p.line(nil, "%-7s  %-8s  %s", a.Outcome, a.Subject, a.Text))
		if a.Advice != "" {
			errs = append(errs, p.line(nil, "         advice: %s", a.Advice))
		}
	}
	switch {
	case !v.Good():
		errs = append(errs, p.result(false, "stop here"))
	case v.Step < len(state.Steps):
		errs = append(errs, p.line(nil, "result: good, step %d may come", v.Step+1))
	default:
		errs = append(errs, p.line(nil, "result: good, all steps are done"))
	}
	return ended(p.close(errors.Join(errs...)), v.Good())
}
