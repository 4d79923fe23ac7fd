package command

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// alive answers ruok: the process runs, and no more.
func (a *Answerer) alive([]byte) string { return "imok" }

// readOnly answers isro.
func (a *Answerer) readOnly([]byte) string {
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
func (a *Answerer) server(o *Overview) string { return a.versionLine() + o.lines() }

// statistics answers stat: srvr with the clients.
func (a *Answerer) statistics(o *Overview) string {
	var b strings.Builder
	b.WriteString(a.versionLine())
	if o.ReadOnly {
		b.WriteString(readOnlyLine)
	}
	b.WriteString("Clients:\n")
	for _, c := range a.Source.Clients() {
		b.WriteString(c.brief() + ")\n")
	}
	b.WriteString("\n")
	b.WriteString(o.figureLines())
	return b.String()
}

func (a *Answerer) versionLine() string { return "Zookeeper version: " + a.Build.String() + "\n" }

const readOnlyLine = "READ-ONLY mode; serving only read-only clients\n"

func (o *Overview) lines() string {
	if o.ReadOnly {
		return readOnlyLine + o.figureLines()
	}
	return o.figureLines()
}

// figureLines are the part that srvr and stat share.
func (o *Overview) figureLines() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Latency min/avg/max: %d/%v/%d\n", o.Latency.Shortest.Milliseconds(),
		o.Latency.Average(), o.Latency.Greatest.Milliseconds())
	fmt.Fprintf(&b, "Received: %d\nSent: %d\n", o.Received, o.Sent)
	fmt.Fprintf(&b, "Connections: %d\nOutstanding: %d\n", o.Connections, o.Outstanding)
	fmt.Fprintf(&b, "Zxid: %v\nMode: %s\nNode count: %d\n", o.Zxid, o.Mode, o.Nodes)
	if o.Leader != nil {
		sizes := o.Leader.ProposalBytes
		fmt.Fprintf(&b, "Proposal sizes last/min/max: %d/%d/%d\n", sizes[0], sizes[1], sizes[2])
	}
	return b.String()
}

// resetServer answers srst.
func (a *Answerer) resetServer(*Overview) string {
	a.Source.ResetServer()
	a.Metrics.Reset()
	return "Server stats reset.\n"
}

// resetConnections answers crst.
func (a *Answerer) resetConnections(*Overview) string {
	a.Source.ResetClients()
	return "Connection stats reset.\n"
}

// configuration answers conf.
func (a *Answerer) configuration(*Overview) string {
	var b strings.Builder
	for _, s := range a.Settings {
		fmt.Fprintf(&b, "%s=%s\n", s.Key, s.text())
	}
	if a.Membership != nil {
		fmt.Fprintf(&b, "membership: \n%s\n", a.Membership())
	}
	return b.String()
}

// directories answers dirs.
func (a *Answerer) directories(*Overview) string {
	var b strings.Builder
	for _, s := range a.Directories() {
		b.WriteString(s.Key + ": " + s.Value + "\n")
	}
	return b.String()
}

// Directories are the sizes in bytes of the directories, which conf has as well.
func (a *Answerer) Directories() (sizes []Setting) {
	for _, s := range a.Settings {
		switch s.Key {
		case "dataDirSize":
			sizes = append(sizes, Setting{Key: "datadir_size", Value: s.text()})
		case "dataLogSize":
			sizes = append(sizes, Setting{Key: "logdir_size", Value: s.text()})
		}
	}
	return sizes
}

// digests answers hash.
func (a *Answerer) digests(*Overview) string {
	var b strings.Builder
	for _, d := range a.Source.Digests() {
		fmt.Fprintf(&b, "%x: %d\n", int64(d.Zxid), int64(d.Digest))
	}
	return b.String()
}

// The trace mask says what ZooKeeper writes to its log at the level TRACE. Nothing
// is traced here; the mask is kept for the tools that set it and read it back.
const (
	traceMaskDefault = 306
	maskBytes        = 8
)

// traceMask answers gtmk.
func (a *Answerer) traceMask([]byte) string {
	return strconv.FormatInt(a.TraceMask(), 10)
}

// TraceMask is the trace mask, and SetTraceMask changes it.
func (a *Answerer) TraceMask() int64 { return a.mask.Load() ^ traceMaskDefault }

// SetTraceMask sets the trace mask, which has no effect but that it is read back.
func (a *Answerer) SetTraceMask(mask int64) { a.mask.Store(mask ^ traceMaskDefault) }

// setTraceMask answers stmk; the mask follows the word in eight bytes, the highest
// first.
func (a *Answerer) setTraceMask(argument []byte) string {
	if len(argument) == maskBytes {
		a.SetTraceMask(int64(binary.BigEndian.Uint64(argument)))
	}
	return a.traceMask(nil)
}

// startup answers strt, one stage a line: name, start and duration in
// milliseconds, detail, separated by tabs. It is an answer of ours only, and one
// that a server gives before it serves.
func (a *Answerer) startup([]byte) string {
	var b strings.Builder
	for _, s := range a.Source.Timeline() {
		fmt.Fprintf(&b, "%s\t%s\t%s\t%s\n", s.Name, millis(s.Start), millis(s.Duration), s.Detail)
	}
	return b.String()
}

func millis(d time.Duration) string {
	return fmt.Sprintf("%.3f", float64(d)/float64(time.Millisecond))
}
