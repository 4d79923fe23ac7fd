package monitoring

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"zoo/test/ensemble"
)

func containsLine(text, line string) bool {
	return slices.Contains(strings.Split(text, "\n"), line)
}

// installed leaves the test out where Debian's prometheus is not installed.
func installed(t *testing.T, programs ...string) {
	t.Helper()
	for _, program := range programs {
		_, err := exec.LookPath(program)
		ensemble.LeaveOut(t, program+" of Debian's prometheus", err)
	}
}

// promtool checks one thing.
func promtool(t *testing.T, input string, args ...string) (output string, err error) {
	t.Helper()
	cmd := exec.Command("promtool", args...)
	cmd.Dir, cmd.Stdin = dir, strings.NewReader(input)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestPromtoolFindsNothingWrongWithTheRules(t *testing.T) {
	installed(t, "promtool")
	for _, args := range [][]string{
		{"check", "rules", "alerts.yml", "records.yml"},
		{"check", "config", "prometheus.yml"},
		{"test", "rules", "alerts_test.yml"},
	} {
		if out, err := promtool(t, "", args...); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}

// The dashboard's expressions are PromQL for Prometheus too, not only for our reader of it.
func TestPromtoolCanReadTheDashboard(t *testing.T) {
	installed(t, "promtool")
	var file strings.Builder
	file.WriteString("groups:\n- name: dashboard\n  rules:\n")
	for i, a := range expressions(t) {
		fmt.Fprintf(&file, "  - {record: expression%d, expr: %q}\n", i, a.expr)
	}
	path := filepath.Join(t.TempDir(), "dashboard.yml")
	if err := os.WriteFile(path, []byte(file.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := promtool(t, "", "check", "rules", path); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// lintExit is how promtool ends that could read all and does not like some of it: ZooKeeper's
// counters do not end in _total, and its names do not end in units.
const lintExit = 3

// What promtool has to say is about ZooKeeper's names, and nothing about ours in seconds.
func TestPromtoolCanReadAScrape(t *testing.T) {
	installed(t, "promtool")
	for _, text := range watched(t).scrapes(t) {
		out, err := promtool(t, text, "check", "metrics")
		var exit *exec.ExitError
		if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != lintExit) {
			t.Fatalf("%v\n%s", err, out)
		}
		for line := range strings.SplitSeq(out, "\n") {
			if name, _, _ := strings.Cut(line, " "); strings.HasSuffix(name, "_seconds") {
				t.Error(line)
			}
		}
	}
}

// prometheus is a running one.
type prometheus struct {
	t   *testing.T
	url string
}

// configuration wants the files of rules and the list of servers.
const configuration = `
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [%q, %q]
scrape_configs:
- job_name: zookeeper
  static_configs:
  - {targets: [%s], labels: {ensemble: main}}
`

// startPrometheus has one scrape the servers each second, with dist/monitoring's rules.
func startPrometheus(t *testing.T, servers watching) prometheus {
	t.Helper()
	port, err := ensemble.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	at := fmt.Sprintf("127.0.0.1:%d", port)
	home := t.TempDir()
	ours, err := filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	var targets []string
	for _, s := range servers.Servers {
		targets = append(targets, strconv.Quote(strings.TrimPrefix(s.AdminURL(), "http://")))
	}
	config := fmt.Sprintf(configuration, filepath.Join(ours, "records.yml"),
		filepath.Join(ours, "alerts.yml"), strings.Join(targets, ", "))
	file := filepath.Join(home, "prometheus.yml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(home, "log"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.Close() })
	process, err := ensemble.StartProcess(exec.Command("prometheus", "--config.file="+file,
		"--web.listen-address="+at, "--storage.tsdb.path="+filepath.Join(home, "data"),
		"--enable-feature=native-histograms"), log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = process.Stop(10 * time.Second) })
	return prometheus{t, "http://" + at}
}

// ask is a question to the API; what comes goes into answer.
func (p prometheus) ask(ctx context.Context, path string, answer any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+"/api/v1/"+path, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	var reply struct {
		Status, Error string
		Data          json.RawMessage
	}
	if err := json.NewDecoder(response.Body).Decode(&reply); err != nil {
		return err
	}
	if reply.Status != "success" {
		return errors.New(reply.Error)
	}
	return json.Unmarshal(reply.Data, answer)
}

// values are what an expression comes to now.
func (p prometheus) values(ctx context.Context, expr string) ([]string, error) {
	var answer struct {
		Result []struct{ Value [2]any }
	}
	err := p.ask(ctx, "query?query="+url.QueryEscape(expr), &answer)
	var list []string
	for _, r := range answer.Result {
		list = append(list, fmt.Sprint(r.Value[1]))
	}
	return list, err
}

// The plot: Debian's Prometheus scrapes three servers, and takes native histograms. It has
// them, and it can evaluate every rule.
func TestPrometheusScrapesNativeHistogramsAndEvaluatesTheRules(t *testing.T) {
	installed(t, "prometheus")
	servers := watched(t)
	servers.scrapes(t)
	p := startPrometheus(t, servers)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for expr, want := range map[string]string{
		`sum(histogram_count(recovery_seconds))`:                                             "3",
		`count(histogram_quantile(0.99, fsync_seconds))`:                                     "3",
		`sum by (job, ensemble) (server_state{job="zookeeper", state=~"leader|standalone"})`: "1",
		`sum(quorum_spare_voters)`:                                                           "1",
		`count(fsynctime_sum)`:                                                               "3",
	} {
		err := ensemble.Until(ctx, expr, func(ctx context.Context) error {
			got, err := p.values(ctx, expr)
			if err == nil && !slices.Equal(got, []string{want}) {
				err = fmt.Errorf("it is %v, not %s", got, want)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
	if err := ensemble.Until(ctx, "every rule was evaluated", p.rulesAreWell); err != nil {
		t.Error(err)
	}
}

// rulesAreWell tells of the first rule that was not evaluated, or could not be.
func (p prometheus) rulesAreWell(ctx context.Context) error {
	var answer struct {
		Groups []struct {
			Rules []struct{ Name, Health, LastError string }
		}
	}
	if err := p.ask(ctx, "rules", &answer); err != nil {
		return err
	}
	seen := 0
	for _, g := range answer.Groups {
		for _, r := range g.Rules {
			if seen++; r.Health != "ok" {
				return fmt.Errorf("%s is %s: %s", r.Name, r.Health, r.LastError)
			}
		}
	}
	if want := len(rules(p.t, "alerts.yml")) + len(rules(p.t, "records.yml")); seen != want {
		return fmt.Errorf("%d rules of %d", seen, want)
	}
	return nil
}
