package doctor

import (
	"testing"

	"zoo"
	"zoo/internal/core/quorum"
)

// Of n voters a majority must be left; of three groups of three, two whole groups' majorities.
func TestLossesThatAreBorne(t *testing.T) {
	ids := func(n int) (all []zoo.ServerID) {
		for id := range n {
			all = append(all, zoo.ServerID(id+1))
		}
		return all
	}
	view := func(n int) *quorum.View {
		var members []quorum.Member
		for _, id := range ids(n) {
			members = append(members, quorum.Member{ID: id})
		}
		v, err := quorum.NewView(members, 0)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, c := range []struct{ voters, alive, want int }{
		{1, 1, 0}, {2, 2, 0}, {3, 3, 1}, {4, 4, 1}, {5, 5, 2}, {5, 4, 1}, {5, 3, 0}, {5, 2, -1},
		{3, 0, -1}, {99, 99, 49},
	} {
		if got := losable(view(c.voters), ids(c.alive)); got != c.want {
			t.Errorf("%d of %d voters: %d, want %d", c.alive, c.voters, got, c.want)
		}
	}
	grouped, err := quorum.ParseView("server.1=a:1:2\nserver.2=b:1:2\nserver.3=c:1:2\n" +
		"server.4=d:1:2\nserver.5=e:1:2\nserver.6=f:1:2\nserver.7=g:1:2\nserver.8=h:1:2\n" +
		"server.9=i:1:2\ngroup.1=1:2:3\ngroup.2=4:5:6\ngroup.3=7:8:9\n")
	if err != nil {
		t.Fatal(err)
	}
	// Two voters of each of two groups end it; any three leave two groups.
	if got := losable(grouped, grouped.Voters()); got != 3 {
		t.Errorf("groups: %d", got)
	}
}

func TestToleranceIsToldInALine(t *testing.T) {
	for want, tolerance := range map[string]Tolerance{
		"3 voters: you can lose 1":                              {3, 1, -1, -1},
		"3 voters: you can lose 1; 2 serve: you can lose 0 now": {3, 1, 2, 0},
		"3 voters: you can lose 1; 1 serve, which is no quorum": {3, 1, 1, -1},
		"40 voters, in groups too large to try":                 {40, -1, -1, -1},
	} {
		if got := tolerance.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
