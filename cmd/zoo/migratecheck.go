package main

import (
	"net"
	"os"
	"strings"

	"zoo/internal/disk/vfs"
	"zoo/internal/inspect"
	"zoo/internal/migrate"
	"zoo/internal/migrate/ask"
	"zoo/internal/server"
)

// migrateCheckCommand tells what becomes of each setting.
type migrateCheckCommand struct {
	membersFlags
	SkipDirs bool     `help:"Do not check the data directories that can be read here."`
	JSON     bool     `name:"json" help:"Print JSON."`
	Config   []string `arg:"" name:"[ID=]zoo.cfg" help:"The zoo.cfg of every server; with its number where dataDir/myid cannot be read here."`
}

// checkReport is what check prints.
type checkReport struct {
	Settings []migrate.Setting `json:"settings"`
	Findings []migrate.Finding `json:"findings"`
	Good     bool              `json:"good"`
}

// Run checks; a problem makes the exit code 1.
func (c *migrateCheckCommand) Run(m *Main) error {
	members, err := c.members(c.Config)
	if err != nil {
		return troubled(err)
	}
	report := checkReport{Settings: migrate.Settings(members)}
	report.Findings = migrate.Check(members)
	options, err := c.otherOptions()
	if err != nil {
		return troubled(err)
	}
	report.Findings = append(report.Findings, options...)
	for i := range members {
		report.Findings = append(report.Findings, c.onDisk(m, &members[i])...)
	}
	report.Good = migrate.Sound(report.Findings)
	return m.tellCheck(&report, c.JSON)
}

// otherOptions are those of a JVM that are no properties.
func (c *migrateCheckCommand) otherOptions() ([]migrate.Finding, error) {
	var found []migrate.Finding
	for _, arg := range c.JVM {
		_, file := splitID(arg)
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		_, others, unclear := migrate.ParseJVMOptions(string(text))
		for _, option := range others {
			found = append(found, migrate.Finding{Severity: migrate.SeverityNote, Place: file,
				Text: option + " has no effect: there is no JVM here"})
		}
		for _, option := range unclear {
			found = append(found, migrate.Finding{Severity: migrate.SeverityWarning, Place: file,
				Text:   option + " has a part that only a shell can put in",
				Advice: "see what Java's server has (ps -C java -o args), and give it as -D"})
		}
	}
	return found, nil
}

// onDisk looks at what a configuration names: stores of certificates and data.
func (c *migrateCheckCommand) onDisk(m *Main, member *migrate.Member) []migrate.Finding {
	if member.Config == nil {
		return nil
	}
	var found []migrate.Finding
	if _, err := server.ExplainTLS(member.Config); err != nil {
		found = append(found, migrate.Finding{Severity: migrate.SeverityWarning,
			Servers: []string{member.Name()}, Text: err.Error(),
			Advice: "see that the stores are there on the server's host"})
	}
	if !c.SkipDirs {
		found = append(found, c.directory(m, member)...)
	}
	return found
}

// directory checks the data of a server, if it is on this machine.
func (c *migrateCheckCommand) directory(m *Main, member *migrate.Member) []migrate.Finding {
	cfg := member.Config
	disk := vfs.OS{}
	if info, err := disk.Stat(cfg.DataDir); err != nil || !info.Dir {
		return []migrate.Finding{{Severity: migrate.SeverityNote,
			Servers: []string{member.Name()}, Text: "its data directory " + cfg.DataDir +
				" is not on this machine and was not checked; there, do: zoo dir check"}}
	}
	tell, done := m.progress("checking the data of server " + member.Name())
	report, err := inspect.CheckDir(inspect.DirConfig{FS: disk, DataDir: cfg.DataDir,
		LogDir: cfg.DataLogDir, TrustEmptySnapshot: cfg.Storage.TrustEmptySnapshot}, tell)
	done()
	if err != nil {
		return []migrate.Finding{{Severity: migrate.SeverityProblem,
			Servers: []string{member.Name()}, Text: err.Error(), Advice: "see zoo dir check"}}
	}
	var found []migrate.Finding
	for _, f := range report.Findings {
		severity := migrate.SeverityWarning
		switch f.Severity {
		case inspect.SeverityError:
			severity = migrate.SeverityProblem
		case inspect.SeverityNote:
			severity = migrate.SeverityNote
		}
		found = append(found, migrate.Finding{Severity: severity,
			Servers: []string{member.Name()}, Place: f.File, Text: f.Text,
			Advice: "see zoo dir check " + member.File +
				"; the end of what a running server writes looks torn"})
	}
	return found
}

// target is where a member can be asked.
func target(member *migrate.Member, all []migrate.Member) (ask.Target, error) {
	address, secure := member.Address(all)
	t := ask.Target{ID: member.ID, Address: address}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return t, err
	}
	cfg := member.Config
	if at, port, err := net.SplitHostPort(cfg.Admin.Listen); err == nil && port != "0" {
		if ip := net.ParseIP(at); ip == nil || ip.IsUnspecified() || ip.IsLoopback() {
			at = host // Java's listens on every address when nothing is said
		}
		t.Digests = "http://" + net.JoinHostPort(at, port) + cfg.Admin.URL + "/hash"
		if cfg.Admin.TLSForced {
			t.Digests = "https" + strings.TrimPrefix(t.Digests, "http")
			if t.DigestsTLS, err = server.AdminTLS(cfg, at); err != nil {
				return t, err
			}
		}
	}
	if secure {
		t.TLS, err = server.ClientTLS(cfg, host)
	}
	return t, err
}
