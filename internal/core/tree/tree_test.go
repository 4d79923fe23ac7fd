package tree

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"zoo"
	"zoo/internal/jute"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

func apply(t interface{ Fatalf(string, ...any) }, tree *Tree, e txn.Entry) *Result {
	r, err := tree.Apply(e)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return r
}

// reporter is what a test and a property have in common.
type reporter interface {
	Helper()
	Fatalf(format string, args ...any)
}

// history feeds hand-made entries to a tree.
type history struct {
	t    reporter
	tree *Tree
	zxid zoo.Zxid
}

func newHistory(t reporter) *history {
	return &history{t: t, tree: New(), zxid: zoo.MakeZxid(1, 0)}
}

func (h *history) do(session zoo.SessionID, op wire.Op, record jute.Record) *Result {
	h.t.Helper()
	h.zxid++
	header := txn.Header{Session: session, Zxid: h.zxid, Time: 1000, Type: op}
	return apply(h.t, h.tree, txn.NewEntry(header, record, nil))
}

func (h *history) create(path, data string, acl []zoo.ACL) *Result {
	h.t.Helper()
	parent, _ := h.tree.Lookup(parentOf(path))
	return h.do(0, wire.OpCreate, &txn.CreateTxn{Path: path, Data: []byte(data), ACL: acl,
		ParentCVersion: parent.Persisted().Cversion + 1})
}

func (h *history) text(path string) string {
	n, ok := h.tree.Lookup(path)
	if !ok {
		return "absent"
	}
	return string(n.Data())
}

func pair() (*Tree, *twin) {
	tree, w := New(), newTwin()
	tree.SetZxid(w.zxid)
	return tree, w
}

func TestTreeDoesWhatAMapWouldDo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tree, w := pair()
		w.forgetful = rapid.Bool().Draw(t, "forgetful")
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			if r := apply(t, tree, w.step(t)); r.DigestDiffers {
				t.Fatalf("digest differs after %+v", r.Header)
			}
		}
		if err := w.compare(tree); err != nil {
			t.Fatalf("%v", err)
		}
	})
}

func TestFrozenShowsTheMomentOfTheFreeze(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tree, w := pair()
		var views []*view
		for range rapid.IntRange(1, 80).Draw(t, "steps") {
			switch rapid.IntRange(0, 7).Draw(t, "what") {
			case 0:
				views = append(views, freeze(tree, w))
			case 1, 2:
				if len(views) > 0 {
					i := rapid.IntRange(0, len(views)-1).Draw(t, "view")
					views[i].next(t, rapid.IntRange(1, 3).Draw(t, "limit"))
				}
			default:
				apply(t, tree, w.step(t))
			}
		}
		for _, v := range views {
			for v.next(t, 5) {
			}
			v.check(t)
			v.frozen.Close()
		}
		if len(tree.frozen) != 0 {
			t.Fatalf("closed views stay")
		}
	})
}

// view gathers what a Frozen shows into a second tree.
type view struct {
	frozen *Frozen
	want   *twin
	loader *Loader
	count  int
}

func freeze(tree *Tree, w *twin) *view {
	frozen := tree.Freeze()
	return &view{frozen: frozen, want: w.clone(), loader: begin(frozen)}
}

// begin loads what stands in front of the znodes.
func begin(frozen *Frozen) *Loader {
	loader := NewLoader()
	for _, s := range frozen.Sessions() {
		loader.Session(s.ID, s.TimeoutMillis)
	}
	for _, a := range frozen.ACLs() {
		loader.ACL(a.Index, a.ACL)
	}
	return loader
}

func (v *view) next(t *rapid.T, limit int) bool {
	shown := 0
	more := v.frozen.Next(limit, func(n FrozenNode) {
		shown++
		if got := NodeDigest(n.Path, n.Data, &n.Stat); got != uint64(n.Digest) {
			t.Fatalf("%s is shown with digest %#x, not %#x", n.Path, n.Digest, got)
		}
		if err := v.loader.Node(n.Path, n.Data, n.ACLIndex, &n.Stat); err != nil {
			t.Fatalf("%v", err)
		}
	})
	if v.count += shown; shown > limit {
		t.Fatalf("%d shown, limit %d", shown, limit)
	}
	return more
}

func (v *view) check(t *rapid.T) {
	tree, err := v.loader.Finish(v.frozen.Zxid())
	if err == nil {
		err = v.want.compare(tree)
	}
	if err == nil && (v.count != v.frozen.Len() || tree.Digest() != v.frozen.Digest()) {
		err = fmt.Errorf("%d of %d shown, digest %x", v.count, v.frozen.Len(), v.frozen.Digest())
	}
	if err != nil {
		t.Fatalf("%v", err)
	}
}

// The plot: a snapshot is taken the way Java does, its parts at different times
// while entries are applied. Replaying the log from the snapshot's name on must
// lead to the tree that lived through it, and its digest counts from there on.
func TestReplayMendsAFuzzySnapshot(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tree, w := pair()
		for range rapid.IntRange(0, 25).Draw(t, "before") {
			apply(t, tree, w.step(t))
		}
		start := len(w.log)
		loader := NewLoader()
		tree.EachSession(loader.Session)
		table := tree.Freeze()
		for _, a := range table.ACLs() {
			loader.ACL(a.Index, a.ACL)
		}
		table.Close()
		zxid := tree.Zxid()
		fuzzyWalk(t, "", tree, loader, func() {
			for range rapid.IntRange(0, 2).Draw(t, "meanwhile") {
				apply(t, tree, w.step(t))
			}
		})
		for range rapid.IntRange(0, 5).Draw(t, "after") {
			apply(t, tree, w.step(t))
		}
		replayed, err := loader.Finish(zxid)
		if err != nil {
			t.Fatalf("%v", err)
		}
		replay(t, replayed, w.log[start:], tree.Zxid())
		w.zxid = replayed.Zxid()
		if err := w.compare(replayed); err != nil {
			t.Fatalf("%v", err)
		}
		if replayed.Fingerprint() != tree.Fingerprint() {
			t.Fatalf("fingerprints differ")
		}
	})
}

// replay applies a log to a tree that is fuzzy up to its end.
func replay(t *rapid.T, to *Tree, log []txn.Entry, end zoo.Zxid) {
	to.SetFuzzy(Fuzzy{Until: end})
	for _, e := range log {
		if r := apply(t, to, e); r.DigestDiffers {
			t.Fatalf("digest differs after %v of %v", e.Zxid, end)
		}
	}
}

// fuzzyWalk copies a znode, lets entries be applied, and goes on to the children
// that the znode had when it was copied, if they still are there.
func fuzzyWalk(t *rapid.T, path string, tree *Tree, loader *Loader, meanwhile func()) {
	n, ok := tree.Lookup(path)
	if !ok {
		return
	}
	var names []string
	n.Children(func(name string) bool {
		names = append(names, strings.Clone(name))
		return true
	})
	st := n.Persisted()
	if err := loader.Node(path, n.Data(), n.ACLIndex(), &st); err != nil {
		t.Fatalf("%v", err)
	}
	meanwhile()
	for _, name := range names {
		fuzzyWalk(t, path+"/"+name, tree, loader, meanwhile)
	}
}

func TestApplyingALogTwiceChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tree, w := pair()
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			apply(t, tree, w.step(t))
		}
		before := tree.Fingerprint()
		for _, e := range w.log[rapid.IntRange(0, len(w.log)-1).Draw(t, "from"):] {
			apply(t, tree, e)
		}
		if err := w.compare(tree); err != nil || tree.Fingerprint() != before {
			t.Fatalf("changed: %v", err)
		}
	})
}

func TestFreshTreeLooksLikeJavas(t *testing.T) {
	tree := New()
	root, _ := tree.Lookup("/")
	config, _ := tree.Lookup("/zookeeper/config")
	if root.Stat().Cversion != -1 || config.Stat().Aversion != -1 {
		t.Errorf("root %+v, config %+v", root.Stat(), config.Stat())
	}
	if tree.DataBytes() != 44 || tree.Len() != 4 || root.Descendants() != 3 {
		t.Errorf("%d bytes, %d znodes", tree.DataBytes(), tree.Len())
	}
	if config.ACLIndex() != 1 || root.ACLIndex() != -1 {
		t.Errorf("acl numbers %d, %d", config.ACLIndex(), root.ACLIndex())
	}
}

// The numbers were computed with another implementation of CRC-32 over bytes laid
// out by hand.
func TestDigestIsWhatTheFormatSays(t *testing.T) {
	h := newHistory(t)
	if got, want := h.tree.Digest(), uint64(1371985504); got != want {
		t.Errorf("fresh tree: %d, want %d", got, want)
	}
	h.create("/a", "hello", zoo.OpenACL())
	h.do(7, wire.OpCreate, &txn.CreateTxn{Path: "/a/e", Ephemeral: true, ParentCVersion: 1})
	if got, want := h.tree.Digest(), uint64(7588752953); got != want {
		t.Errorf("with /a and /a/e: %d, want %d", got, want)
	}
	before := h.tree.Digest()
	h.create("/zookeeper/quota/a", "x", zoo.OpenACL())
	if h.tree.Digest() != before {
		t.Errorf("what is below /zookeeper counts")
	}
}

func TestEventsComeInTheOrderWatchesNeed(t *testing.T) {
	h := newHistory(t)
	h.create("/p", "", aliceACL)
	r := h.create("/p/c", "", bobACL)
	expectEvents(t, r, Event{zoo.EventNodeCreated, "/p/c", bobACL},
		Event{zoo.EventNodeChildrenChanged, "/p", aliceACL})
	r = h.do(0, wire.OpMulti, &txn.MultiTxn{Txns: []txn.SubTxn{
		part(wire.OpSetData, &txn.SetDataTxn{Path: "/p", Version: 1}),
		part(wire.OpCheck, &txn.CheckVersionTxn{Path: "/p", Version: 2}),
		part(wire.OpDelete, &txn.DeleteTxn{Path: "/p/c"}),
		part(wire.OpDelete, &txn.DeleteTxn{Path: "/p"}),
	}})
	expectEvents(t, r, Event{zoo.EventNodeDataChanged, "/p", aliceACL},
		Event{zoo.EventNodeDeleted, "/p/c", bobACL},
		Event{zoo.EventNodeChildrenChanged, "/p", aliceACL},
		Event{zoo.EventNodeDeleted, "/p", aliceACL},
		Event{zoo.EventNodeChildrenChanged, "/", zoo.OpenACL()})
	if len(r.Multi) != 4 || r.Multi[0].Stat.Version != 1 || r.Multi[0].Stat.NumChildren != 1 {
		t.Errorf("multi results %+v", r.Multi)
	}
}

func expectEvents(t *testing.T, r *Result, want ...Event) {
	t.Helper()
	same := func(a, b Event) bool {
		return a.Type == b.Type && a.Path == b.Path && slices.Equal(a.ACL, b.ACL)
	}
	if !slices.EqualFunc(r.Events, want, same) {
		t.Errorf("events\n%v, want\n%v", r.Events, want)
	}
}

func TestFailedMultiAnswersForEachPart(t *testing.T) {
	h := newHistory(t)
	r := h.do(0, wire.OpMulti, &txn.MultiTxn{Txns: []txn.SubTxn{
		part(wire.OpError, &txn.ErrorTxn{Err: zoo.CodeOK}),
		part(wire.OpError, &txn.ErrorTxn{Err: zoo.CodeNoNode}),
		part(wire.OpSetData, &txn.SetDataTxn{Path: "/", Data: []byte("x")}),
	}})
	codes := []zoo.Code{r.Code, r.Multi[0].Code, r.Multi[1].Code, r.Multi[2].Code}
	want := []zoo.Code{zoo.CodeNoNode, zoo.CodeOK, zoo.CodeNoNode, zoo.CodeRuntimeInconsistency}
	if !slices.Equal(codes, want) || h.text("/") != "" || len(r.Events) != 0 {
		t.Errorf("codes %v, want %v; root %q", codes, want, h.text("/"))
	}
}

func TestErrorEntryTakesItsZxidAndChangesNothing(t *testing.T) {
	h := newHistory(t)
	digest := h.tree.Digest()
	r := h.do(0, wire.OpError, &txn.ErrorTxn{Err: zoo.CodeNotEmpty})
	if r.Code != zoo.CodeNotEmpty || h.tree.Zxid() != h.zxid || h.tree.Digest() != digest {
		t.Errorf("code %v, zxid %v", r.Code, h.tree.Zxid())
	}
}

func TestEntriesThatCannotBeAreErrors(t *testing.T) {
	for name, b := range map[string][]byte{
		"empty":          {},
		"unknown type":   (&txn.Header{Zxid: 1, Type: 99}).AppendTo(nil),
		"check alone":    (&txn.Header{Zxid: 1, Type: wire.OpCheck}).AppendTo(nil),
		"missing record": (&txn.Header{Zxid: 1, Type: wire.OpSetData}).AppendTo(nil),
	} {
		_, err := New().Apply(txn.Entry{Zxid: 1, Bytes: b})
		if entry := (*EntryError)(nil); !errors.As(err, &entry) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A directory must stay cheap, and whole, at any size.
func TestLargeDirectoryLosesNoChild(t *testing.T) {
	h := newHistory(t)
	h.create("/d", "", zoo.OpenACL())
	const children = 20000
	for i := range children {
		h.create(fmt.Sprintf("/d/%d", i), "", zoo.OpenACL())
	}
	for i := 0; i < children; i += 2 {
		h.do(0, wire.OpDelete, &txn.DeleteTxn{Path: fmt.Sprintf("/d/%d", i)})
	}
	for i := range children {
		if _, found := h.tree.Lookup(fmt.Sprintf("/d/%d", i)); found != (i%2 == 1) {
			t.Fatalf("/d/%d found: %v", i, found)
		}
	}
	d, _ := h.tree.Lookup("/d")
	names := jute.NewDecoder(d.AppendChildNames(nil))
	if got := len(names.Strings()); got != children/2 || d.NumChildren() != got {
		t.Errorf("%d names, %d children", got, d.NumChildren())
	}
}

// Whoever forges names of one hash fills a page that no split can part.
func TestIndexSurvivesForgedCollisions(t *testing.T) {
	x := newIndex()
	for i := range 5000 {
		x.insert(0xabcdef01, slot(i+1))
	}
	if len(x.directory) > 1024 {
		t.Errorf("directory of %d pages", len(x.directory))
	}
	for i := range 5000 {
		x.remove(0xabcdef01, slot(i+1))
	}
	if x.count != 0 || x.page(0xabcdef01).used != 0 {
		t.Errorf("%d left", x.count)
	}
}

func TestPathsThatAreNotPathsAreNotFound(t *testing.T) {
	h := newHistory(t)
	h.create("/a", "", zoo.OpenACL())
	for _, path := range []string{"a", "//a", "/a/", "/a//b", "zookeeper", "/zookeeperx", "//"} {
		if _, found := h.tree.Lookup(path); found {
			t.Errorf("%q found", path)
		}
		r := h.do(0, wire.OpCreate, &txn.CreateTxn{Path: path + "/"})
		if r.Code == zoo.CodeOK {
			t.Errorf("%q created", path+"/")
		}
	}
}

func TestArenaGivesBackWhatItTook(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var a arena
		blocks := make(map[uint32]int)
		var order []uint32
		for range rapid.IntRange(1, 300).Draw(t, "steps") {
			if len(order) > 0 && rapid.Bool().Draw(t, "free") {
				i := rapid.IntRange(0, len(order)-1).Draw(t, "which")
				a.release(order[i], blocks[order[i]])
				delete(blocks, order[i])
				order = slices.Delete(order, i, i+1)
				continue
			}
			size := rapid.SampledFrom([]int{0, 5, 16, 17, 256, 257, 2000, 8192}).Draw(t, "size")
			number := a.alloc(size)
			if _, taken := blocks[number]; taken {
				t.Fatalf("block %d given twice", number)
			}
			blocks[number] = size
			order = append(order, number)
			for i := range a.bytes(number, size) {
				a.bytes(number, size)[i] = byte(number)
			}
			for _, other := range order {
				for _, c := range a.bytes(other, blocks[other]) {
					if c != byte(other) {
						t.Fatalf("block %d overwritten", other)
					}
				}
			}
		}
		for _, number := range order {
			a.release(number, blocks[number])
		}
		if len(a.empty) != len(a.slabs) {
			t.Fatalf("%d of %d slabs empty", len(a.empty), len(a.slabs))
		}
	})
}

func TestBlockClassesHoldTheirSizes(t *testing.T) {
	for size := range slabBlockMax + 1 {
		class := classOf(size)
		if classBytes(class) < size || class > 0 && classBytes(class-1) >= size && size > 0 {
			t.Fatalf("size %d in class %d of %d", size, class, classBytes(class))
		}
	}
	if classOf(slabBlockMax) != classCount-1 {
		t.Errorf("%d classes", classCount)
	}
}

func TestSnapshotMayLackSessionsAndACLs(t *testing.T) {
	l := NewLoader()
	st := zoo.StatPersisted{Czxid: 5, EphemeralOwner: 0x77}
	if err := l.Node("/x/y", nil, -1, &st); !errors.Is(err, ErrOrphan) {
		t.Errorf("orphan: %v", err)
	}
	if _, err := NewLoader().Finish(6); !errors.Is(err, ErrNoRoot) {
		t.Errorf("empty snapshot: %v", err)
	}
	if err := l.Node("", nil, -1, new(zoo.StatPersisted)); err != nil {
		t.Fatal(err)
	}
	if err := l.Node("/e", []byte("d"), 9, &st); err != nil {
		t.Fatal(err)
	}
	l.ACL(8, aliceACL)
	tree, err := l.Finish(6)
	if err != nil {
		t.Fatal(err)
	}
	e, _ := tree.Lookup("/e")
	if acl := e.ACL(); len(acl) != 1 || acl[0].Perms != 0 {
		t.Errorf("an unknown ACL lets in %v", acl)
	}
	create := &txn.CreateTxn{Path: "/e", ACL: bobACL, Ephemeral: true, ParentCVersion: 1}
	apply(t, tree, txn.NewEntry(txn.Header{Zxid: 5, Type: wire.OpCreate}, create, nil))
	if e, _ = tree.Lookup("/e"); !slices.Equal(e.ACL(), bobACL) {
		t.Errorf("replay left ACL %d = %v", e.ACLIndex(), e.ACL())
	}
	if orphans := tree.Orphans(); !slices.Equal(orphans, []zoo.SessionID{0x77}) {
		t.Errorf("orphans of %v", orphans)
	}
	end := txn.NewEntry(txn.Header{Session: 0x77, Zxid: 7, Type: wire.OpCloseSession}, nil, nil)
	apply(t, tree, end)
	if _, found := tree.Lookup("/e"); found {
		t.Errorf("/e outlives its session")
	}
}

func TestContainersAndTTLZnodesAreReapable(t *testing.T) {
	h := newHistory(t)
	h.tree.SetTypes(Types{Extended: true})
	h.do(0, wire.OpCreateContainer, &txn.CreateContainerTxn{Path: "/c", ParentCVersion: 1})
	h.do(0, wire.OpCreateTTL, &txn.CreateTTLTxn{Path: "/t", ParentCVersion: 2, TTL: 9})
	h.create("/c/child", "", zoo.OpenACL())
	h.create("/plain", "", zoo.OpenACL())
	var paths []string
	var walk Reapable
	for walk.Next(h.tree, 1, func(n Node) bool {
		paths = append(paths, n.Path())
		if n.Stat().EphemeralOwner != 0 || n.Persisted().EphemeralOwner.TTL() != 9 {
			t.Errorf("%s owned by %v", n.Path(), n.Stat().EphemeralOwner)
		}
		return true
	}) {
	}
	if !slices.Equal(paths, []string{"/t"}) || h.tree.EphemeralCount() != 0 {
		t.Errorf("reapable %q", paths)
	}
}

// The reaper deletes while it walks; every znode that was there at first is shown.
func TestAWalkOfTheReapableMissesNothingThatWasThere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := &history{t: t, tree: New()}
		missing := map[string]bool{}
		for i := range rapid.IntRange(0, 9).Draw(t, "containers") {
			path := fmt.Sprintf("/c%d", i)
			h.do(0, wire.OpCreateContainer, &txn.CreateContainerTxn{Path: path})
			missing[path] = true
		}
		step := rapid.IntRange(1, 4).Draw(t, "step")
		var walk Reapable
		for more := true; more; {
			var doomed []string
			more = walk.Next(h.tree, step, func(n Node) bool {
				delete(missing, n.Path())
				if rapid.Bool().Draw(t, "doomed") {
					doomed = append(doomed, n.Path())
				}
				return rapid.Bool().Draw(t, "go on")
			})
			for _, path := range doomed {
				h.do(0, wire.OpDeleteContainer, &txn.DeleteTxn{Path: path})
			}
			if rapid.Bool().Draw(t, "another") {
				path := fmt.Sprintf("/new%d", len(h.tree.owners.place))
				h.do(0, wire.OpCreateContainer, &txn.CreateContainerTxn{Path: path})
			}
		}
		if len(missing) != 0 {
			t.Fatalf("never shown: %v", missing)
		}
	})
}

// What an owner value stands for is a setting of each server.
func TestTheSameOwnerIsATTLHereAndASessionThere(t *testing.T) {
	const old353 = zoo.ContainerOwner | 77
	for _, row := range []struct {
		owner zoo.SessionID
		types Types
		want  OwnerType
	}{
		{0, Types{}, OwnerNone},
		{7, Types{Extended: true, Emulate353: true}, OwnerSession},
		{zoo.ContainerOwner, Types{}, OwnerContainer},
		{zoo.ContainerOwner, Types{Extended: true, Emulate353: true}, OwnerContainer},
		{zoo.TTLOwner(9), Types{}, OwnerSession},
		{zoo.TTLOwner(9), Types{Extended: true}, OwnerTTL},
		{zoo.TTLOwner(9) | 1<<40, Types{Extended: true}, OwnerSession},
		{old353, Types{Extended: true}, OwnerSession},
		{old353, Types{Emulate353: true}, OwnerSession},
		{old353, Types{Extended: true, Emulate353: true}, OwnerTTL},
	} {
		if got := row.types.Of(row.owner); got != row.want {
			t.Errorf("%v with %+v: got %d", row.owner, row.types, got)
		}
	}
	h := newHistory(t)
	h.do(0, wire.OpCreateTTL, &txn.CreateTTLTxn{Path: "/t", TTL: 9})
	n, _ := h.tree.Lookup("/t")
	if h.tree.EphemeralCount() != 1 || n.Stat().EphemeralOwner != zoo.TTLOwner(9) {
		t.Errorf("%d ephemerals, owner %v", h.tree.EphemeralCount(), n.Stat().EphemeralOwner)
	}
	h.tree.SetTypes(Types{Extended: true})
	if h.tree.EphemeralCount() != 0 || n.Stat().EphemeralOwner != 0 {
		t.Errorf("%d ephemerals, owner %v", h.tree.EphemeralCount(), n.Stat().EphemeralOwner)
	}
}

func TestConfigIsSetWithoutATransaction(t *testing.T) {
	tree := New()
	tree.SetConfig([]byte("server.1=…"), 0x100000000, 77)
	n, _ := tree.Lookup("/zookeeper/config")
	if st := n.Stat(); st.Version != -1 || st.Mzxid != 0x100000000 || tree.Zxid() != 0 {
		t.Errorf("stat %+v", st)
	}
}

// Usage follows every change, and is counted anew after a load.
func TestQuotaUsageIsCounted(t *testing.T) {
	h := newHistory(t)
	const stats = "/zookeeper/quota/q/zookeeper_stats"
	h.create("/q", "12345", zoo.OpenACL())
	h.create("/zookeeper/quota/q", "", zoo.OpenACL())
	h.create("/zookeeper/quota/q/zookeeper_limits", "count=5,bytes=-1", zoo.OpenACL())
	h.create(stats, "count=0,bytes=0", zoo.OpenACL())
	h.create("/q/a", "123", zoo.OpenACL())
	h.create("/qq", "not below /q", zoo.OpenACL())
	h.do(0, wire.OpSetData, &txn.SetDataTxn{Path: "/q", Data: []byte("1"), Version: 1})
	if got := h.text(stats); got != "count=2,bytes=4" {
		t.Errorf("usage %q", got)
	}
	h.do(0, wire.OpDelete, &txn.DeleteTxn{Path: "/q/a"})
	if got := h.text(stats); got != "count=1,bytes=1" {
		t.Errorf("usage after delete %q", got)
	}
	loaded := reload(t, h.tree)
	if about, ok := loaded.QuotaPath("/q/x/y"); !ok || about != "/q" {
		t.Errorf("quota of /q/x/y: %q", about)
	}
	if n, _ := loaded.Lookup(stats); string(n.Data()) != "count=1,bytes=1" {
		t.Errorf("usage after load %q", n.Data())
	}
	h.do(0, wire.OpDelete, &txn.DeleteTxn{Path: "/zookeeper/quota/q/zookeeper_limits"})
	if _, ok := h.tree.QuotaPath("/q"); ok {
		t.Errorf("the quota outlives its limits")
	}
}

// reload makes a tree of what another one shows, which must be the same.
func reload(t *testing.T, tree *Tree) *Tree {
	t.Helper()
	f := tree.Freeze()
	defer f.Close()
	l := begin(f)
	for f.Next(100, func(n FrozenNode) {
		if err := l.Node(n.Path, n.Data, n.ACLIndex, &n.Stat); err != nil {
			t.Fatal(err)
		}
	}) {
	}
	loaded, err := l.Finish(f.Zxid())
	if err != nil {
		t.Fatal(err)
	}
	if loaded.Fingerprint() != tree.Fingerprint() || loaded.Digest() != tree.Digest() {
		t.Errorf("the tree is changed by a load")
	}
	return loaded
}

// The plot: a multi of very many checks, then one of a few. Both are answered, and the
// second one does not hold what the first one needed.
func TestTheResultsOfAHugeMultiAreNotKept(t *testing.T) {
	h := newHistory(t)
	for _, count := range []int{20_000, 3} {
		parts := make([]txn.SubTxn, count)
		for i := range parts {
			parts[i] = part(wire.OpCheck, &txn.CheckVersionTxn{Path: "/", Version: 0})
		}
		r := h.do(0, wire.OpMulti, &txn.MultiTxn{Txns: parts})
		if len(r.Multi) != count || r.Multi[count-1].Path != "/" {
			t.Errorf("%d of %d parts have a result", len(r.Multi), count)
		}
	}
	if kept := cap(h.tree.subs); kept > subsKept {
		t.Errorf("room for %d results is kept", kept)
	}
}

// While the ephemerals are being visited their neighbours in the lists go and others
// come. Whatever is there all the time is visited.
func TestAWalkOverEphemeralsOutlivesChanges(t *testing.T) {
	h := newHistory(t)
	own := func(owner zoo.SessionID, path string) {
		h.do(owner, wire.OpCreate, &txn.CreateTxn{Path: path, Ephemeral: true})
	}
	for i := range 60 {
		own(zoo.SessionID(1+i%3), fmt.Sprint("/", i))
	}
	visits, step := map[string]int{}, 0
	h.tree.WalkEphemerals(func(owner zoo.SessionID, path string) bool {
		visits[path]++
		if gone := fmt.Sprint("/", 2*step); h.text(gone) != "absent" {
			h.do(0, wire.OpDelete, &txn.DeleteTxn{Path: gone})
		}
		own(zoo.SessionID(1+step%5), fmt.Sprint("/new", step))
		step++
		return step < 200
	})
	for i := 1; i < 60; i += 2 {
		if visits[fmt.Sprint("/", i)] == 0 {
			t.Errorf("/%d was not visited", i)
		}
	}
}
