package ensemble

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"sync"
)

// Dialogue is a talk with a program that reads commands and prints answers. One
// goroutine talks; a second one listens, until the program has closed its output.
type Dialogue struct {
	process *Process
	in      io.WriteCloser

	mu    sync.Mutex
	heard []byte
	read  int // how much of heard Expect has used up
	over  bool
	// more tells Expect that something was heard.
	more chan struct{}
}

// Talk starts the program.
func Talk(cmd *exec.Cmd) (*Dialogue, error) {
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	source, target, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	p, err := StartProcess(cmd, target)
	if err != nil {
		source.Close()
		return nil, err
	}
	d := &Dialogue{process: p, in: in, more: make(chan struct{}, 1)}
	go d.listen(source)
	return d, nil
}

// TalkApart starts the program and hears its two outputs apart. Either of them takes
// what is said.
func TalkApart(cmd *exec.Cmd) (out, errs *Dialogue, err error) {
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, nil, err
	}
	outSource, outTarget, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	errSource, errTarget, err := os.Pipe()
	if err != nil {
		return nil, nil, errors.Join(err, outSource.Close(), outTarget.Close())
	}
	cmd.Stdout, cmd.Stderr = outTarget, errTarget
	p, err := startProcess(cmd, outTarget, errTarget)
	if err != nil {
		return nil, nil, errors.Join(err, outSource.Close(), errSource.Close())
	}
	out = &Dialogue{process: p, in: in, more: make(chan struct{}, 1)}
	errs = &Dialogue{process: p, in: in, more: make(chan struct{}, 1)}
	go out.listen(outSource)
	go errs.listen(errSource)
	return out, errs, nil
}

func (d *Dialogue) listen(source *os.File) {
	defer source.Close()
	buf := make([]byte, 4096)
	for {
		n, err := source.Read(buf)
		d.mu.Lock()
		d.heard = append(d.heard, buf[:n]...)
		d.over = err != nil
		d.mu.Unlock()
		select {
		case d.more <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

// Say sends one line.
func (d *Dialogue) Say(line string) error {
	_, err := io.WriteString(d.in, line+"\n")
	return err
}

// Expect waits until what was heard since the last match matches the pattern, and
// returns the match and its groups.
func (d *Dialogue) Expect(ctx context.Context, pattern string) ([]string, error) {
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, err
	}
	for {
		match, over := d.match(re)
		if match != nil {
			return match, nil
		}
		if over {
			return nil, fmt.Errorf("%q never came, the program ended\n%s", pattern, d.Transcript())
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for %q: %w\n%s", pattern, ctx.Err(), d.Transcript())
		case <-d.more:
		}
	}
}

func (d *Dialogue) match(re *regexp.Regexp) (match []string, over bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	rest := d.heard[d.read:]
	at := re.FindSubmatchIndex(rest)
	if at == nil {
		return nil, d.over
	}
	for _, group := range re.FindSubmatch(rest) {
		match = append(match, string(group))
	}
	d.read += at[1]
	return match, false
}

// Transcript is all that was heard so far.
func (d *Dialogue) Transcript() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return string(d.heard)
}

// Process is the program's.
func (d *Dialogue) Process() *Process { return d.process }

// Close ends the program, by the end of its input if that is enough for it within
// ctx, and by force otherwise.
func (d *Dialogue) Close(ctx context.Context) error {
	err := d.in.Close()
	if errors.Is(err, os.ErrClosed) {
		err = nil // it has ended by itself
	}
	select {
	case <-d.process.Done():
		return err
	case <-ctx.Done():
		return d.process.Kill()
	}
}
