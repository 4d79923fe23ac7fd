package packaging

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"zoo/test/ensemble"
)

// root is the root of the repository.
const root = "../.."

// stepWithin bounds each step of the upgrade.
const stepWithin = 90 * time.Second

// manifest is what is read here of a manifest of Kubernetes.
type manifest struct {
	Kind string
	Data map[string]string
	Spec struct {
		Replicas int
		Template struct {
			Spec struct {
				Containers []struct {
					Args      []string
					Lifecycle struct {
						PreStop struct {
							Exec struct{ Command []string }
						} `yaml:"preStop"`
					}
				}
			}
		}
	}
}

// release is what the plain manifests say. The test beside it, in cluster, keeps them what
// the chart makes.
type release struct {
	replicas                        int
	config                          string
	serve, preStop, beforeAnUpgrade []string
}

func plain(t *testing.T) *release {
	t.Helper()
	r := &release{}
	for _, name := range []string{"ensemble.yaml", "leader-last.yaml"} {
		text, err := os.ReadFile(filepath.Join(root, "dist", "kubernetes", name))
		if err != nil {
			t.Fatal(err)
		}
		all := yaml.NewDecoder(bytes.NewReader(text))
		for {
			var m manifest
			if err := all.Decode(&m); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			r.take(&m)
		}
	}
	return r
}

func (r *release) take(m *manifest) {
	switch m.Kind {
	case "ConfigMap":
		r.config = m.Data["zoo.cfg"]
	case "StatefulSet":
		server := m.Spec.Template.Spec.Containers[0]
		r.replicas, r.serve = m.Spec.Replicas, server.Args
		r.preStop = server.Lifecycle.PreStop.Exec.Command[1:]
	case "Job":
		r.beforeAnUpgrade = m.Spec.Template.Spec.Containers[0].Args
	}
}

// pods plays a StatefulSet on this machine: each pod is a process, with the command and
// the configuration of the chart. Hosts become ports, since there is no DNS for them.
type pods struct {
	*testing.T
	dir, binary string
	release     *release
	replace     [][2]string
	all         []*pod
}

type pod struct {
	id                              int
	client, quorum, election, admin int
	process                         *ensemble.Process
}

func (p *pod) address() string { return "127.0.0.1:" + strconv.Itoa(p.client) }

// schedule makes the pods of a release; none of them runs.
func schedule(t *testing.T, r *release) *pods {
	c := &pods{T: t, dir: t.TempDir(), release: r}
	var err error
	c.binary, err = ensemble.Build(t.Context(), c.dir)
	c.must(err)
	for id := 1; id <= r.replicas; id++ {
		p := &pod{id: id}
		for _, port := range []*int{&p.client, &p.quorum, &p.election, &p.admin} {
			*port, err = ensemble.FreePort()
			c.must(err)
		}
		host := fmt.Sprintf("zoo-%d.zoo-headless.default.svc.cluster.local", id)
		c.replace = append(c.replace,
			[2]string{host + ":2888:3888;2181", fmt.Sprintf("127.0.0.1:%d:%d;127.0.0.1:%d",
				p.quorum, p.election, p.client)},
			[2]string{host + ":2181", p.address()})
		c.all = append(c.all, p)
	}
	// The Secret that docs/operate/deploy.md has one make.
	for name, text := range map[string]string{"authorization": "Bearer 0123456789abcdef",
		"keys": "token 0123456789abcdef"} {
		c.must(os.WriteFile(filepath.Join(c.dir, name), []byte(text), 0o600))
	}
	c.replace = append(c.replace, [2]string{"/operator/", c.dir + "/"},
		[2]string{"quorumListenOnAllIPs=true", "quorumListenOnAllIPs=false"},
		[2]string{"admin.serverAddress=0.0.0.0", "admin.serverAddress=127.0.0.1"},
		[2]string{"metricsProvider.httpPort=7000",
			"metricsProvider.httpPort=0\nmetricsProvider.httpHost=127.0.0.1"})
	for _, p := range c.all {
		c.must(os.WriteFile(c.config(p), []byte(c.here(r.config, p)), 0o644))
	}
	return c
}

func (c *pods) config(p *pod) string { return filepath.Join(c.dir, strconv.Itoa(p.id)+".cfg") }

func (c *pods) data(p *pod) string { return filepath.Join(c.dir, strconv.Itoa(p.id)) }

func (c *pods) must(err error) {
	c.Helper()
	if err != nil {
		c.Fatal(err)
	}
}

// here says a text of the chart in words of this machine, for one pod.
func (c *pods) here(text string, p *pod) string {
	for _, r := range c.replace {
		text = strings.ReplaceAll(text, r[0], r[1])
	}
	if p != nil {
		text = strings.NewReplacer("$(ORDINAL)", strconv.Itoa(p.id), "127.0.0.1:2181", p.address(),
			"=/data", "="+c.data(p), "/conf/zoo.cfg", c.config(p),
			"admin.serverPort=8080", "admin.serverPort="+strconv.Itoa(p.admin)).Replace(text)
	}
	return text
}

// run starts the container of a pod.
func (c *pods) run(p *pod) {
	c.Helper()
	log, err := os.OpenFile(filepath.Join(c.dir, strconv.Itoa(p.id)+".log"),
		os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	c.must(err)
	var args []string
	for _, arg := range c.release.serve {
		args = append(args, c.here(arg, p))
	}
	p.process, err = ensemble.StartProcess(exec.Command(c.binary, args...), log)
	c.must(err)
}

// zoo runs a command of the chart beside the servers.
func (c *pods) zoo(p *pod, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(c.Context(), stepWithin)
	defer cancel()
	var here []string
	for _, arg := range args {
		here = append(here, c.here(arg, p))
	}
	out, err := exec.CommandContext(ctx, c.binary, here...).CombinedOutput()
	return string(out), err
}

// ready waits until a pod is ready.
func (c *pods) ready(p *pod) {
	c.Helper()
	ctx, cancel := context.WithTimeout(c.Context(), stepWithin)
	defer cancel()
	err := ensemble.Until(ctx, fmt.Sprintf("pod %d is ready", p.id), func(context.Context) error {
		out, err := c.zoo(p, "status", "--ready", "127.0.0.1:2181")
		if err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		return nil
	})
	if err != nil {
		log, _ := os.ReadFile(filepath.Join(c.dir, strconv.Itoa(p.id)+".log"))
		c.Fatalf("%v\n%s", err, log[max(0, len(log)-4000):])
	}
}

// leader tells who leads, in which epoch.
func (c *pods) leader() (id int, epoch int64) {
	c.Helper()
	for _, p := range c.all {
		out, err := exec.Command(c.binary, "status", "--json", p.address()).Output()
		if err != nil {
			continue
		}
		var seen []struct {
			Role  string
			Epoch int64
		}
		c.must(json.Unmarshal(bytes.TrimSpace(out), &seen))
		if seen[0].Role == "leader" {
			return p.id, seen[0].Epoch
		}
	}
	c.Fatal("nobody leads")
	return 0, 0
}

// stop ends a pod as the kubelet does: preStop, SIGTERM, and SIGKILL after the rest of the
// grace period.
func (c *pods) stop(p *pod) {
	c.Helper()
	if out, err := c.zoo(p, c.release.preStop...); err != nil {
		c.Errorf("preStop of pod %d: %v\n%s", p.id, err, out)
	}
	c.must(p.process.Stop(stepWithin))
	if code := p.process.ExitCode(); code != 0 {
		c.Errorf("pod %d ended with %d", p.id, code)
	}
}

// A release is installed and upgraded as Kubernetes does it, with what the chart says. The
// lead goes to the first pod before, and away from it when that is restarted as the last
// one: there are no other changes of leader.
func TestAnUpgradeMovesTheLeaderLast(t *testing.T) {
	c := schedule(t, plain(t))
	for _, p := range c.all { // All at once, as with podManagementPolicy Parallel.
		c.run(p)
		defer func() { _ = p.process.Kill() }() // What is left of it.
	}
	for _, p := range c.all {
		c.ready(p)
	}
	_, before := c.leader()
	for range 2 { // Also where it leads already.
		if out, err := c.zoo(nil, c.release.beforeAnUpgrade...); err != nil ||
			out != "server 1 leads\n" {
			t.Fatalf("the hook: %v\n%s", err, out)
		}
	}
	leads, epoch := c.leader()
	if leads != 1 || epoch > before+1 {
		t.Fatalf("server %d leads epoch %d after epoch %d", leads, epoch, before)
	}
	for i := len(c.all) - 1; i >= 0; i-- {
		p := c.all[i]
		if leads, now := c.leader(); leads != 1 || now != epoch {
			t.Errorf("before pod %d: server %d leads epoch %d", p.id, leads, now)
		}
		c.stop(p)
		c.run(p)
		c.ready(p)
	}
	if leads, now := c.leader(); leads == 1 || now != epoch+1 {
		t.Errorf("at the end server %d leads epoch %d, which began as %d", leads, now, epoch)
	}
}

// A volume that comes to another pod than its own is refused: what is promised in it was
// promised by another server.
func TestAPodWithTheVolumeOfAnotherOneEnds(t *testing.T) {
	c := schedule(t, plain(t))
	p := c.all[0]
	c.must(os.Mkdir(c.data(p), 0o755))
	c.must(os.WriteFile(filepath.Join(c.data(p), "myid"), []byte("3\n"), 0o644))
	out, err := c.zoo(p, c.release.serve...)
	var failed *exec.ExitError
	if !errors.As(err, &failed) || failed.ExitCode() != 2 ||
		!strings.Contains(out, "directory of another server than 1") {
		t.Errorf("%v\n%s", err, out)
	}
}
