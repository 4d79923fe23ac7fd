package bench

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"zoo/internal/load"
)

// driver runs one load as a process of its own.
type driver struct {
	binary           string
	servers          []string
	pids             []int
	op               load.Op
	connections      int
	outstanding      int
	warmup, duration time.Duration
	// sizeBytes is the size of a value; 0 is valueBytes.
	sizeBytes int
	// znodes of each connection are filled in first; 0 is one.
	znodes int
	// timeline tells each second.
	timeline bool
	// rate is that of all connections; 0 is as many as are answered.
	rate float64
	// reads is the share of reads of a mixed load.
	reads float64
	// count, if not 0, is how many requests there are; their znodes are kept.
	count int
	// session is its timeout; 0 is the load's own default.
	session time.Duration

	// event, when not nil, happens at after the start of the process.
	at    time.Duration
	event func() error

	// own is what the load's process has used of the CPU, after run.
	own time.Duration
}

// valueBytes is the size of every value that is written or read.
const valueBytes = 1024

// endLimit is what a load may take for setting up and cleaning up.
const endLimit = 2 * time.Minute

// endLimit is more when there is much to fill in and to remove.
func (d *driver) endLimit() time.Duration {
	return endLimit + time.Duration(d.connections*d.znodes)*300*time.Microsecond
}

// sessionTimeout is the longest that Java's servers grant with their usual tickTime: many
// thousands of sessions take their time.
const sessionTimeout = 40 * time.Second

// arguments are those of zoo.
func (d *driver) arguments() []string {
	args := []string{"bench", "--json", "--op", string(d.op),
		"--servers", strings.Join(d.servers, ","), "--pids", joined(d.pids),
		"--connections", strconv.Itoa(d.connections), "--outstanding", strconv.Itoa(d.outstanding),
		"--size", strconv.Itoa(cmp.Or(d.sizeBytes, valueBytes)),
		"--znodes", strconv.Itoa(d.znodes), "--timeline=" + strconv.FormatBool(d.timeline),
		"--rate", strconv.FormatFloat(d.rate, 'f', 0, 64),
		"--count", strconv.Itoa(d.count), "--keep=" + strconv.FormatBool(d.count > 0),
		"--warmup", d.warmup.String(), "--duration", d.duration.String()}
	if d.session > 0 {
		args = append(args, "--session", d.session.String())
	}
	if d.op == load.OpMixed {
		args = append(args, "--reads", strconv.FormatFloat(d.reads, 'f', -1, 64))
	}
	return args
}

func (d *driver) run(ctx context.Context) (*load.Report, error) {
	ctx, cancel := context.WithTimeout(ctx, d.warmup+d.duration+d.endLimit())
	defer cancel()
	cmd := exec.CommandContext(ctx, d.binary, d.arguments()...)
	// A collection of the load's garbage would count as the server's delay.
	cmd.Env = append(os.Environ(), "GOGC=off", "GOMEMLIMIT=1GiB")
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	happened := d.schedule(ctx)
	err := cmd.Wait()
	d.own = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	if err := errors.Join(err, <-happened); err != nil {
		return nil, fmt.Errorf("zoo bench: %w\n%s", err, complaints.String())
	}
	report := &load.Report{}
	return report, json.Unmarshal(out.Bytes(), report)
}

// schedule lets the event happen when its time has come.
func (d *driver) schedule(ctx context.Context) <-chan error {
	happened := make(chan error, 1)
	if d.event == nil {
		happened <- nil
		return happened
	}
	timer := time.NewTimer(d.at)
	go func() {
		defer timer.Stop()
		select {
		case <-ctx.Done():
			happened <- ctx.Err()
		case <-timer.C:
			happened <- d.event()
		}
	}()
	return happened
}

func joined(numbers []int) string {
	var texts []string
	for _, n := range numbers {
		texts = append(texts, strconv.Itoa(n))
	}
	return strings.Join(texts, ",")
}

// devReady begins the line of zoo dev that follows the first acknowledged write.
const devReady = "ready in "

// startDev runs zoo dev until it is ready and returns how long that took.
func startDev(ctx context.Context, binary, dir string) (took time.Duration, err error) {
	cmd := exec.CommandContext(ctx, binary, "dev", "--dir", dir, "--observers", "0")
	// The servers are its children: it must end them itself.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = endLimit
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	begun := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	var seen strings.Builder
	lines := bufio.NewScanner(out)
	for took == 0 && lines.Scan() {
		if strings.HasPrefix(lines.Text(), devReady) {
			took = time.Since(begun)
		}
		fmt.Fprintln(&seen, lines.Text())
	}
	err = cmd.Process.Signal(os.Interrupt)
	for lines.Scan() { // it must not block on a full pipe
	}
	err = errors.Join(err, cmd.Wait())
	if took == 0 {
		return 0, fmt.Errorf("zoo dev was never ready (%w):\n%s", err, seen.String())
	}
	return took, err
}
