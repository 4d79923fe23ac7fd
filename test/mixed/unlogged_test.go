package mixed

import "testing"

// The plot: observers of either kind have syncEnabled=false, under Java's leader. Each server
// is killed and comes back while clients write. The observers have lost what they had in
// memory then, get it again, and hold the same tree as all others in the end.
func TestObserversOfEitherKindKeepTheirHistoryInMemory(t *testing.T) {
	onlyWithAll(t)
	s := plan(t, makeUp{voters: "JJZ", observers: "ZJ", leader: javas}, "syncEnabled=false")
	s.beginLedBy(javas)
	s.work()
	s.oneTree()
	s.survive()
}
