package console

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"zoo"
	"zoo/client"
	"zoo/test/ensemble"
)

var rewrite = flag.Bool("rewrite", false,
	"write the pictures of docs/images anew, in place of the stories; takes some minutes")

// patience is how long the stories may take, or the pictures.
const patience = 5 * time.Minute

// told is what drive.mjs has to know.
type told struct {
	Chromium string `json:"chromium"`
	// Servers are the admin ports by id, Guarded that of a server which wants a key.
	Servers map[string]string `json:"servers"`
	Guarded string            `json:"guarded"`
	Token   string            `json:"token"`
	Hosts   []string          `json:"hosts"`
	Leader  string            `json:"leader"`
	// Images is where pictures go; empty to play the stories.
	Images string `json:"images"`
}

// said is a line of drive.mjs: the end of a story, or a question.
type said struct {
	Story string `json:"story"`
	Error string `json:"error"`
	Took  int    `json:"took_ms"`

	Ask    string `json:"ask"`
	ID     int    `json:"id"`
	Server int    `json:"server"`
	Path   string `json:"path"`
	Data   string `json:"data"`
}

// stage is what the stories are played on.
type stage struct {
	t       *testing.T
	ctx     context.Context
	all     *ensemble.Ensemble
	guarded *ensemble.Ensemble
	client  *client.Client
}

// images is where the pictures are.
const images = "../../docs/images"

const token = "0123456789abcdef-operator"

// The plot: three servers serve, with a client that reads and writes, and a fourth one wants a
// key. Operators look at them in a browser; what they do and must see is in stories/*.mjs.
func TestOperatorsUseTheConsoleInABrowser(t *testing.T) {
	chromium, err := installed()
	ensemble.LeaveOut(t, "Chromium, Node.js or Playwright", err)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	s := &stage{t: t, ctx: ctx}
	s.begin()
	s.play(chromium)
	if *rewrite {
		s.check(shrinkAll(images))
	}
}

// installed finds the browser and what drives it.
func installed() (chromium string, err error) {
	chromium, missing := exec.LookPath("chromium")
	_, without := exec.LookPath("node")
	_, untied := os.Stat(filepath.Join("node_modules", "playwright-core", "package.json"))
	return chromium, errors.Join(missing, without, untied)
}

func (s *stage) check(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) begin() {
	binary, err := ensemble.Build(s.ctx, s.t.TempDir())
	s.check(err)
	s.all = s.start(binary, 3, "admin.console.edit=true")
	keys := filepath.Join(s.t.TempDir(), "keys")
	s.check(os.WriteFile(keys, []byte("token "+token+"\n"), 0o600))
	s.guarded = s.start(binary, 1, "admin.keysFile="+keys)
	leader, err := s.all.Leader(s.ctx)
	s.check(err)
	s.client, err = client.Dial(s.ctx, client.Options{Servers: []string{leader.Address()}})
	s.check(err)
	s.t.Cleanup(func() { _ = s.client.Close(context.Background()) })
	s.traffic()
}

func (s *stage) start(binary string, voters int, lines ...string) *ensemble.Ensemble {
	all, err := ensemble.New(ensemble.Options{Dir: s.t.TempDir(), Voters: voters, Operated: true,
		Program: ensemble.Zoo(binary), Lines: lines, TickTime: 500 * time.Millisecond})
	s.check(err)
	s.t.Cleanup(func() {
		if err := all.Close(); err != nil {
			s.t.Error(err)
		}
	})
	s.check(all.Start(s.ctx))
	return all
}

// traffic writes and reads now and then until the test ends, so that there is something to see.
func (s *stage) traffic() {
	_, err := s.client.Create(s.ctx, "/app", []byte(`{"name":"app"}`), client.CreateOptions{})
	s.check(err)
	ctx, cancel := context.WithCancel(s.ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for n := 0; ; n++ {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			// It fails while there is no leader, and goes on.
			_, _ = s.client.Set(ctx, "/app", []byte(fmt.Sprintf(`{"n":%d}`, n)), -1)
			for range n % 5 {
				_, _, _ = s.client.Get(ctx, "/app", nil)
			}
		}
	}()
	s.t.Cleanup(func() {
		cancel()
		<-done
	})
}

func (s *stage) tell(chromium string) told {
	leader, err := s.all.Leader(s.ctx)
	s.check(err)
	to := told{Chromium: chromium, Servers: map[string]string{}, Token: token,
		Guarded: s.guarded.Servers[0].AdminURL(), Leader: strconv.Itoa(leader.ID)}
	for _, server := range s.all.Servers {
		to.Servers[strconv.Itoa(server.ID)] = server.AdminURL()
	}
	for _, server := range append(s.guarded.Servers, s.all.Servers...) {
		at, err := url.Parse(server.AdminURL())
		s.check(err)
		to.Hosts = append(to.Hosts, at.Host)
	}
	if *rewrite {
		to.Images, err = filepath.Abs(images)
		s.check(err)
	}
	return to
}

// play runs drive.mjs: its lines are the ends of stories, or what only this side can do.
func (s *stage) play(chromium string) {
	text, err := json.Marshal(s.tell(chromium))
	s.check(err)
	cmd := exec.CommandContext(s.ctx, "node", "drive.mjs")
	cmd.Env = append(os.Environ(), "ZOO_CONSOLE_TEST="+string(text))
	cmd.Stderr = os.Stderr
	answers, err := cmd.StdinPipe()
	s.check(err)
	lines, err := cmd.StdoutPipe()
	s.check(err)
	s.check(cmd.Start())
	stories := s.listen(lines, answers)
	s.check(cmd.Wait())
	if stories == 0 {
		s.t.Error("no story was played")
	}
}

func (s *stage) listen(lines io.Reader, answers io.Writer) (stories int) {
	scanner := bufio.NewScanner(lines)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		var line said
		s.check(json.Unmarshal(scanner.Bytes(), &line))
		if line.Ask == "" {
			stories++
			s.t.Run(line.Story, func(t *testing.T) {
				t.Logf("took %d ms", line.Took)
				if line.Error != "" {
					t.Error(line.Error)
				}
			})
			continue
		}
		answer := map[string]any{"id": line.ID}
		value, err := s.do(&line)
		if answer["value"] = value; err != nil {
			answer["error"] = err.Error()
		}
		s.check(json.NewEncoder(answers).Encode(answer))
	}
	s.check(scanner.Err())
	return stories
}

// do is what a story asks for.
func (s *stage) do(line *said) (value any, err error) {
	switch line.Ask {
	case "kill":
		return nil, s.all.Servers[line.Server-1].Kill()
	case "start":
		return nil, s.all.Servers[line.Server-1].Start()
	case "create":
		_, err = s.client.Create(s.ctx, line.Path, []byte(line.Data), client.CreateOptions{})
		return nil, err
	case "set":
		_, err = s.client.Set(s.ctx, line.Path, []byte(line.Data), client.AnyVersion)
		return nil, err
	case "watch":
		// The session of the test is one that owns something, and watches.
		_, err = s.client.Create(s.ctx, line.Path, nil, client.CreateOptions{Mode: zoo.Ephemeral})
		if err != nil {
			return nil, err
		}
		_, _, err = s.client.Get(s.ctx, line.Path, client.NewWatcher(func(client.Event) {}))
		return s.client.SessionID().String(), err
	case "get":
		// What the console has done may not have come to the server of this client.
		data, _, err := s.client.Get(client.Linearizable(s.ctx), line.Path, nil)
		return string(data), err
	}
	return nil, fmt.Errorf("a story asks for %q", line.Ask)
}
