package replica

import (
	"testing"

	"zoo/internal/check/alloc"
)

// The plot: a hundred writes of one client come in one turn, and go their way through the
// cores of one server, and of three. None of them allocates: what is allocated is memory for
// all of them, an event for each turn of a server, and the blocks of the entries.
func TestAWriteOfManyAllocatesNothing(t *testing.T) { alloc.Guard(t, hotPaths(t)) }

func hotPaths(tb testing.TB) []alloc.Path {
	const batch, perTurn = 100, 4
	path := func(title string, servers, client int, request requests) alloc.Path {
		most := perTurn
		if servers > 1 {
			most *= servers
		}
		m := newMill(tb, servers, client, batch, request)
		return alloc.Path{Title: title, Most: most, Step: m.run}
	}
	return []alloc.Path{
		path("alone, setData", 1, 0, setsData),
		path("alone, create and delete", 1, 0, createsAndDeletes),
		path("leader of 3, setData", 3, 2, setsData),
		path("leader of 3, create and delete", 3, 2, createsAndDeletes),
		path("follower of 3, setData", 3, 0, setsData),
		path("follower of 3, create and delete", 3, 0, createsAndDeletes),
	}
}
