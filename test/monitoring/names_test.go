package monitoring

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/VictoriaMetrics/metricsql"
)

// told is what servers tell: the names of their series, and the labels.
type told struct {
	names, labels map[string]bool
	// families are the kinds by the names of families.
	families map[string]string
}

// given are the names and labels that Prometheus itself adds, and those of dist/monitoring's
// own configuration.
func given() told {
	all := told{map[string]bool{"up": true, "ALERTS": true}, map[string]bool{},
		map[string]string{}}
	for _, label := range []string{"job", "instance", "ensemble", "alertname", "alertstate"} {
		all.labels[label] = true
	}
	return all
}

var labelNames = regexp.MustCompile(`([a-z_]+)="`)

// add takes in one scrape.
func (a *told) add(scrape string) {
	lines := bufio.NewScanner(strings.NewReader(scrape))
	for lines.Scan() {
		line := lines.Text()
		if words := strings.Fields(line); strings.HasPrefix(line, "# TYPE ") {
			a.families[words[2]] = words[3]
			if words[3] == "histogram" {
				a.names[words[2]] = true // as a native one
			}
		}
		if strings.HasPrefix(line, "#") {
			continue
		}
		name := line[:strings.IndexAny(line, "{ ")]
		a.names[name] = true
		for _, match := range labelNames.FindAllStringSubmatch(line, -1) {
			a.labels[match[1]] = true
		}
	}
}

// scrape asks one server.
func scrape(ctx context.Context, url string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/metrics", nil)
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %d: %s", response.StatusCode, text)
	}
	return string(text), err
}

// The plot: three servers with TLS are scraped. Each name and each label that an alert, a
// record or a panel asks for is among what they tell.
func TestWhatIsAskedForIsWhatServersTell(t *testing.T) {
	all := given()
	for _, r := range rules(t, "records.yml") {
		all.names[r.Record] = true
	}
	for _, text := range watched(t).scrapes(t) {
		all.add(text)
	}
	for _, a := range expressions(t) {
		expr, err := metricsql.Parse(a.expr)
		if err != nil {
			t.Errorf("%s: %v", a.where, err)
			continue
		}
		metricsql.VisitAll(expr, func(e metricsql.Expr) {
			for _, miss := range all.misses(e) {
				t.Errorf("%s: no server tells %s: %s", a.where, miss, a.expr)
			}
		})
	}
}

// misses are what nobody tells of one part of an expression.
func (a *told) misses(e metricsql.Expr) (list []string) {
	label := func(name string) {
		if !a.labels[name] {
			list = append(list, "the label "+name)
		}
	}
	switch part := e.(type) {
	case *metricsql.MetricExpr:
		for _, filters := range part.LabelFilterss {
			for _, f := range filters {
				if f.Label != "__name__" {
					label(f.Label)
				} else if !a.names[f.Value] {
					list = append(list, f.Value)
				}
			}
		}
	case *metricsql.AggrFuncExpr:
		for _, name := range part.Modifier.Args {
			label(name)
		}
	case *metricsql.BinaryOpExpr:
		for _, name := range part.GroupModifier.Args {
			label(name)
		}
	}
	return list
}

// A test that finds no fault with anything shows nothing.
func TestANameThatNobodyTellsIsFound(t *testing.T) {
	all := given()
	all.add("# TYPE a histogram\na_bucket{le=\"1\"} 2\n")
	for expr, want := range map[string]int{
		`sum by (le) (rate(a_bucket{job="x"}[5m])) + a`: 0,
		`sum by (of) (a)`: 1, `b{le="1"} + on (instance) a{la="1"}`: 2,
	} {
		parsed, err := metricsql.Parse(expr)
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		metricsql.VisitAll(parsed, func(e metricsql.Expr) { found += len(all.misses(e)) })
		if found != want {
			t.Errorf("%s: %d are missed, want %d", expr, found, want)
		}
	}
}

// docs/metrics.md tells of all that a scrape shows, but for the runtime's own.
func TestEveryFamilyIsDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	all := given()
	for _, text := range watched(t).scrapes(t) {
		all.add(text)
	}
	for name := range all.families {
		if strings.HasPrefix(name, "go_") || strings.HasPrefix(name, "process_") ||
			strings.Contains(string(page), "`"+name+"`") {
			continue
		}
		t.Errorf("docs/metrics.md does not tell what %s is", name)
	}
}
