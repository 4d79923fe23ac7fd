package paper

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

var zoo3, java3 = Ensemble{"zoo", 3}, Ensemble{"java", 3}

func example() *Results {
	return &Results{
		Points: []Point{
			{zoo3, Table1, 100, 1234567.89, 0.5, 1.23456, 0},
			{zoo3, Table1, 0, 180000, 30, 60, 2},
			{java3, Table1, 100, 62000, 9, 20, 0},
			{zoo3, Figure5, 50, 200000, 20, 40, 0},
			{zoo3, Table2, 10, 15000.04, 0.6, 0.9, 0},
		},
		Seconds: []Second{{zoo3, 0, 100}, {zoo3, 1, 90}, {zoo3, 2, 0}, {zoo3, 3, 80}},
		Happenings: []Happening{{zoo3, 2.1, "1", FailFollower, "a:1", ""},
			{zoo3, 3.04, "1", Heal, "a:1", "no, \"really\""}},
	}
}

func write(t *testing.T, r *Results) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "made", "here")
	if err := r.Write(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

func content(t *testing.T, dir, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Each experiment has a table and a plot, and what was not measured has none.
func TestResultsAreTables(t *testing.T) {
	r := example()
	r.sort()
	dir := write(t, r)
	for name, want := range map[string]string{
		"table1.csv": "side,servers,reads_percent,ops_per_s,p50_ms,p99_ms,failures\n" +
			"java,3,100,62000,9,20,0\nzoo,3,0,180000,30,60,2\nzoo,3,100,1234567.9,0.5,1.235,0\n",
		"table2.csv": "side,servers,workers,creates_per_s,p50_ms,p99_ms,failures\n" +
			"zoo,3,10,15000,0.6,0.9,0\n",
		"figure8.csv": "side,servers,second,ops\nzoo,3,0,100\nzoo,3,1,90\nzoo,3,2,0\nzoo,3,3,80\n",
		"figure8-events.csv": "side,servers,second,mark,what,server,error\n" +
			"zoo,3,2.1,1,fail a follower,a:1,\nzoo,3,3,1,heal,a:1,\"no, \"\"really\"\"\"\n",
	} {
		if got := content(t, dir, name); got != want {
			t.Errorf("%s:\n%swant\n%s", name, got, want)
		}
	}
	for _, name := range []string{"table1.svg", "figure5.svg", "table2.svg", "figure8.svg"} {
		if text := content(t, dir, name); !strings.Contains(text, ">zoo, 3 servers</text>") {
			t.Errorf("%s:\n%s", name, text)
		}
	}
	r.Seconds = nil
	if _, err := os.Stat(filepath.Join(write(t, r), "figure8.svg")); !os.IsNotExist(err) {
		t.Errorf("figure8 was not measured, and is there: %v", err)
	}
}

// What is read is what was written, and a file that is none of ours is refused.
func TestResultsAreReadBack(t *testing.T) {
	dir := write(t, example())
	r, err := Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Read(write(t, r))
	if err != nil || !reflect.DeepEqual(r, again) || len(r.Points) != 5 || len(r.Seconds) != 4 ||
		len(r.Happenings) != 2 {
		t.Errorf("%v\ngot  %+v\nwant %+v", err, again, r)
	}
	if none, err := Read(t.TempDir()); err != nil || len(none.Points) > 0 {
		t.Errorf("an empty directory has %+v (%v)", none, err)
	}
	for _, text := range []string{"", "a,b\n", "side,servers,second,ops\nzoo,3,x,1\n",
		"side,servers,second,ops\nzoo,3,1\n", "side,servers,second,ops\nzoo,3,1,-1\n"} {
		spoiled := filepath.Join(dir, "figure8.csv")
		if err := os.WriteFile(spoiled, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if r, err := Read(dir); err == nil {
			t.Errorf("%q is taken: %+v", text, r)
		}
	}
}

// A run replaces what it has measured anew of its own ensemble, and nothing else.
func TestARunReplacesOnlyItsOwn(t *testing.T) {
	r := example()
	r.Merge(&Results{Points: []Point{{zoo3, Table1, 50, 7, 0, 0, 0}},
		Seconds: []Second{{java3, 0, 5}}})
	table, figure := r.of(Table1), r.of(Figure5)
	if len(table) != 2 || table[0].Ensemble != java3 || table[1].Rate != 7 || len(figure) != 1 {
		t.Errorf("%+v, %+v", table, figure)
	}
	if len(r.Seconds) != 5 || r.Seconds[0].Ensemble != java3 || len(r.Happenings) != 2 {
		t.Errorf("%+v, %+v", r.Seconds, r.Happenings)
	}
	r.Merge(&Results{Seconds: []Second{{zoo3, 0, 1}}})
	if len(r.Seconds) != 2 || len(r.Happenings) != 0 {
		t.Errorf("%+v, %+v", r.Seconds, r.Happenings)
	}
}

func TestResultsAreText(t *testing.T) {
	r := example()
	r.sort()
	var got strings.Builder
	if err := r.WriteText(&got); err != nil {
		t.Fatal(err)
	}
	if want := content(t, "testdata", "text.txt"); got.String() != want {
		t.Errorf("got\n%swant\n%s", got.String(), want)
	}
}
