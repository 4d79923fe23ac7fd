package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"zoo"
	"zoo/internal/disk/vfs"
	"zoo/internal/inspect"
)

// The exit codes of the offline tools, as diff and grep have them: a script can tell
// what was found from that nothing could be looked at.
const (
	exitFound   exitCode = 1
	exitTrouble exitCode = 2
)

// trouble is an error of a tool that could not do its work.
type trouble struct{ error }

// ExitCode is the process's.
func (trouble) ExitCode() int { return int(exitTrouble) }

// Unwrap gives the error itself.
func (t trouble) Unwrap() error { return t.error }

// troubled marks an error, unless it is none or a finding.
func troubled(err error) error {
	var found exitCode
	if err == nil || errors.As(err, &found) {
		return err
	}
	return trouble{err}
}

// zxidFlag is a zxid on the command line. Without 0x it could be either of decimal,
// as Java's tools read it, and hexadecimal, as files are named: neither is guessed.
type zxidFlag zoo.Zxid

// UnmarshalText reads the flag.
func (z *zxidFlag) UnmarshalText(text []byte) error {
	digits, ok := strings.CutPrefix(strings.ToLower(string(text)), "0x")
	n, err := strconv.ParseUint(digits, 16, 64)
	if !ok || err != nil {
		return fmt.Errorf("%q is no zxid in hexadecimal, such as 0x100000001", text)
	}
	*z = zxidFlag(n)
	return nil
}

// printer writes lines, as text or as JSON, one value each.
type printer struct {
	out  *bufio.Writer
	json *json.Encoder // nil for text
}

// format says how a printer writes.
type format bool

const (
	asText format = false
	asJSON format = true
)

func (m *Main) printer(f format) *printer {
	p := &printer{out: bufio.NewWriterSize(m.Stdout, 64<<10)}
	if f == asJSON {
		p.json = json.NewEncoder(p.out)
		p.json.SetEscapeHTML(false)
	}
	return p
}

// line writes a value, or the text that stands for it.
func (p *printer) line(value any, text string, args ...any) error {
	if p.json != nil {
		return p.json.Encode(value)
	}
	_, err := fmt.Fprintf(p.out, text+"\n", args...)
	return err
}

// close ends the output; it comes after whatever else went wrong.
func (p *printer) close(err error) error { return errors.Join(err, p.out.Flush()) }

// progressPause is how often a person wants to see a bar move.
const progressPause = 100 * time.Millisecond

// barCells is the width of a bar.
const barCells = 30

// progress shows a bar at a terminal; elsewhere it is nil. The function that comes
// with it removes the bar.
func (m *Main) progress(what string) (inspect.Progress, func()) {
	if !isTerminal(m.Stderr) {
		return nil, func() {}
	}
	begun, shown := time.Now(), time.Time{}
	tell := func(done, total int64) {
		now := time.Now()
		if now.Sub(shown) < progressPause || total == 0 {
			return
		}
		shown = now
		share := float64(done) / float64(total)
		bar := strings.Repeat("#", int(share*barCells))
		left := ""
		if share > 0 {
			rest := time.Duration(float64(now.Sub(begun)) * (1 - share) / share)
			left = fmt.Sprintf(", %v left", rest.Round(time.Second))
		}
		fmt.Fprintf(m.Stderr, "\r\x1b[K%s [%-*s] %3.0f %% of %d MiB%s",
			what, barCells, bar, share*100, total>>20, left)
	}
	return tell, func() { fmt.Fprint(m.Stderr, "\r\x1b[K") }
}

// tellServed says on the error output that a server has the data that is read.
func (m *Main) tellServed(path string) {
	if inspect.Served(vfs.OS{}, path) {
		fmt.Fprintf(m.Stderr, "note: a server is running on %s: "+
			"what it is writing just now may show as incomplete\n", path)
	}
}
