package command

import (
	"fmt"
	"os"
	"os/user"
	"runtime"
	"strings"
	"time"
)

// alive answers ruok: the process runs, and no more.
func (a *Answerer) alive() string { return "imok" }

// readOnly answers isro.
func (a *Answerer) readOnly() string {
	o, serving := a.Source.Overview()
	switch {
	case !serving:
		return "null"
	case o.ReadOnly:
		return "ro"
	}
	return "rw"
}

// server answers srvr.
func (a *Answerer) server() string {
	o, serving := a.Source.Overview()
	if !serving {
		return notServing
	}
	return a.versionLine() + o.lines()
}

// statistics answers stat: srvr with the clients.
func (a *Answerer) statistics() string {
	o, serving := a.Source.Overview()
	if !serving {
		return notServing
	}
	var b strings.Builder
	b.WriteString(a.versionLine())
	b.WriteString("Clients:\n")
	for _, c := range a.Source.Clients() {
		fmt.Fprintf(&b, " /%s[1](queued=%d,recved=%d,sent=%d)\n",
			c.Address, c.Queued, c.Received, c.Sent)
	}
	b.WriteString("\n")
	b.WriteString(o.lines())
	return b.String()
}

func (a *Answerer) versionLine() string { return "Zookeeper version: " + a.Build.String() + "\n" }

// lines are the part that srvr and stat share.
func (o *Overview) lines() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Latency min/avg/max: %d/%.4f/%d\n", o.Latency.Shortest.Milliseconds(),
		o.Latency.average(), o.Latency.Greatest.Milliseconds())
	fmt.Fprintf(&b, "Received: %d\nSent: %d\n", o.Received, o.Sent)
	fmt.Fprintf(&b, "Connections: %d\nOutstanding: %d\n", o.Connections, o.Outstanding)
	fmt.Fprintf(&b, "Zxid: %v\nMode: %s\nNode count: %d\n", o.Zxid, o.Mode, o.Nodes)
	if o.Leader != nil {
		sizes := o.Leader.ProposalBytes
		fmt.Fprintf(&b, "Proposal sizes last/min/max: %d/%d/%d\n", sizes[0], sizes[1], sizes[2])
	}
	return b.String()
}

// configuration answers conf.
func (a *Answerer) configuration() string {
	if _, serving := a.Source.Overview(); !serving {
		return notServing
	}
	var b strings.Builder
	for _, s := range a.Settings {
		fmt.Fprintf(&b, "%s=%s\n", s.Key, s.text())
	}
	if a.Membership != "" {
		fmt.Fprintf(&b, "membership: \n%s\n", a.Membership)
	}
	return b.String()
}

// environment answers envi. The keys about Java are left out: there is none.
func (a *Answerer) environment() string {
	host, _ := os.Hostname()
	dir, _ := os.Getwd()
	var name, home string
	if u, err := user.Current(); err == nil {
		name, home = u.Username, u.HomeDir
	}
	var b strings.Builder
	b.WriteString("Environment:\n")
	for _, s := range []Setting{
		{Key: "zookeeper.version", Value: a.Build.String()},
		{Key: "host.name", Value: host},
		{Key: "go.version", Value: runtime.Version()},
		{Key: "os.name", Value: runtime.GOOS},
		{Key: "os.arch", Value: runtime.GOARCH},
		{Key: "user.name", Value: name},
		{Key: "user.home", Value: home},
		{Key: "user.dir", Value: dir},
	} {
		fmt.Fprintf(&b, "%s=%s\n", s.Key, s.Value)
	}
	return b.String()
}

// watches answers wchs.
func (a *Answerer) watches() string {
	o, serving := a.Source.Overview()
	if !serving {
		return notServing
	}
	return fmt.Sprintf("%d connections watching %d paths\nTotal watches:%d\n",
		o.Watches.Connections, o.Watches.Paths, o.Watches.Total)
}

// startup answers strt, one stage a line: name, start and duration in
// milliseconds, detail, separated by tabs. It is an answer of ours only, and one
// that a server gives before it serves.
func (a *Answerer) startup() string {
	var b strings.Builder
	for _, s := range a.Source.Timeline() {
		fmt.Fprintf(&b, "%s\t%s\t%s\t%s\n", s.Name, millis(s.Start), millis(s.Duration), s.Detail)
	}
	return b.String()
}

func millis(d time.Duration) string {
	return fmt.Sprintf("%.3f", float64(d)/float64(time.Millisecond))
}
