package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	"zoo/internal/config"
	"zoo/internal/doctor"
	"zoo/internal/doctor/survey"
)

// doctorCommand finds mistakes.
type doctorCommand struct {
	membersFlags
	Offline     bool     `help:"Ask no server, resolve no name and dial no port."`
	SkipDirs    bool     `help:"Do not look at the data directories and certificates that are on this machine."`
	SkipPorts   bool     `help:"Do not dial the ports between servers: each logs a peer that was refused."`
	ReadData    bool     `help:"Read all of the data, too, as zoo dir check does: that takes as long as a start."`
	MeasureSync bool     `help:"Measure the disk of the log: writes a file of 80 KiB into dataLogDir, and removes it."`
	JSON        bool     `name:"json" help:"Print JSON."`
	Subjects    []string `arg:"" name:"[ID=]zoo.cfg|host:port" help:"Configurations, with the server's number where dataDir/myid cannot be read here, and client addresses of servers; the port is 2181 when absent."`
}

// Run looks and tells. The exit code is 0 without an error among the findings, 1 with one,
// and 2 if it could not be looked.
func (c *doctorCommand) Run(ctx context.Context, m *Main) error {
	options := survey.Options{Offline: c.Offline, DirsSkipped: c.SkipDirs,
		PortsSkipped: c.SkipPorts, DataRead: c.ReadData, SyncMeasured: c.MeasureSync}
	for _, subject := range c.Subjects {
		if err := c.take(&options, subject); err != nil {
			return troubled(err)
		}
	}
	report := doctor.Examine(survey.Gather(ctx, options))
	if err := ctx.Err(); err != nil {
		return troubled(err)
	}
	return m.tellReport(report, c.JSON)
}

// take adds a configuration or a server to what is to be looked at. A name with a slash,
// a number and a sign of equality in front, or the usual ending is that of a file.
func (c *doctorCommand) take(o *survey.Options, subject string) error {
	id, file := splitID(subject)
	if _, err := os.Stat(file); err == nil || id != 0 || strings.ContainsRune(file, '/') ||
		filepath.Ext(file) == ".cfg" {
		if err != nil {
			return err
		}
		properties, err := c.properties(id)
		if err != nil {
			return err
		}
		o.Configs = append(o.Configs, config.Source{Args: []string{file}, ID: id,
			Properties: append(properties, c.Define...)})
		return nil
	}
	if c.Offline {
		return fmt.Errorf("%s: there is no such file, and no server is asked with --offline",
			subject)
	}
	if _, _, err := net.SplitHostPort(subject); err != nil {
		subject = net.JoinHostPort(subject, clientPortDefault)
	}
	o.Addresses = append(o.Addresses, subject)
	return nil
}

// tellReport prints what was found, the worst first. What one check has found in several
// places is told together.
func (m *Main) tellReport(r *doctor.Report, json bool) error {
	p := m.printer(format(json))
	good := r.Count(doctor.SeverityError) == 0
	if json {
		return ended(p.close(p.line(r, "")), good)
	}
	var errs []error
	for i, f := range r.Findings {
		errs = append(errs, p.line(nil, "%-7s  %s: %s: %s", f.Severity, f.ID, f.Where, f.What))
		if i+1 == len(r.Findings) || r.Findings[i+1].ID != f.ID {
			errs = append(errs, p.line(nil, "         why: %s\n         do:  %s\n",
				f.Why, f.Remedy))
		}
	}
	if r.Tolerance != nil {
		errs = append(errs, p.line(nil, "%v", r.Tolerance))
	}
	for _, text := range r.Unseen {
		errs = append(errs, p.line(nil, "not looked at: %s", text))
	}
	errs = append(errs, p.line(nil, "%d checks: %s, %s, %s", r.Checks,
		counted(r.Count(doctor.SeverityError), "error"),
		counted(r.Count(doctor.SeverityWarning), "warning"),
		counted(r.Count(doctor.SeverityNote), "note")))
	return ended(p.close(errors.Join(errs...)), good)
}

// counted is a number of things.
func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
