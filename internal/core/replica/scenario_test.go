package replica

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"zoo"
	"zoo/internal/core/balance"
	"zoo/internal/core/quorum"
	"zoo/internal/core/session"
	"zoo/internal/core/tree"
	"zoo/internal/core/zab"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

// TestScenarios plays the stories of testdata on whole replicas: the phases of
// the ZAB paper and the rows of the sync decision, packet by packet. The network
// is instant and in order, and so is the disk unless it is stopped.
//
//	servers 3 [observers=4] [local-sessions] [upgrading] [read-only] [turn-at=3]
//	          [oracle] [masters=(1,2,4)]
//	                                make servers that have not started; those of masters
//	                                are told that followers serve observers
//	servers 3 reconfig [spares=4] [voters-min=2]
//	                                with reconfigurations; a spare is listed as an observer
//	                                in its own configuration and nowhere else
//	servers 3 observers=4 unlogged  the observers keep their history in memory
//	servers 3 rest=1s connect=2s epoch-wait=1s
//	                                how long observers rest, learners try to reach a leader,
//	                                and a leader waits for its epoch
//	servers 3 stubborn=(1,2)        these elect whom they cannot reach again, as Java's do
//	restart ID                      end its process and start another one; for one that
//	                                had an empty disk, and never had to write a history
//	reconfig ID [join=(4,5:observer)] [leave=1] [members=(1,2)] [nobody] [from=VERSION]
//	                                a client of that server asks for another ensemble
//	members                         which configurations the servers know
//	history ID log=(0x101,0x102) current=1 accepted=1 [snapshot=0x101]
//	                  [uncut]       its log could not be cut back before
//	start ID...                     start servers
//	run                             play until nothing happens; show the packets
//	tick 500ms                      let time pass in ticks, then as run
//	cut ID / heal ID                break or mend all links of a server
//	break ID                        break its link to the leader, and no other
//	hang ID                         it does nothing any more, and its links stand
//	shut ID [swallows] / open ID    nobody reaches its quorum port, which refuses connections,
//	                                or takes them and swallows what comes; elections go on
//	stop-disk ID / go-disk ID       hold and release the disk
//	transfer ID [to=ID]             hand the lead over
//	drain ID, undrain ID            part with its clients, or take them again
//	count ID CLIENTS                it has so many clients; with servers balance=20 some are
//	                                sent to others
//	attendance                      which servers take clients
//	stop-views / go-views           hold and release what read-only servers show
//	grant ID, deny ID               the oracle speaks to a server
//	space ID BYTES                  so much room is left on its disk; 1000 is the mark
//	hold FROM TO / release FROM TO  keep packets between two servers back
//	connect ID [read-only] [again]  a client opens a session at a server, of ten seconds
//	connect ID brief                of two seconds
//	connect ID from=ID              the session of another server's client moves
//	create ID /path [ephemeral]     its request
//	set ID /path, sync ID, close ID
//	touch ID                        its client is heard of
//	expire ID [of=ID]               it is told to end the session of its own client, or of
//	                                another server's
//	pipeline ID create=/path sync close...
//	                                several requests in one batch
//	container ID /path, ttl ID /path MILLIS, delete ID /path
//	has ID /path...                 which of the znodes a server's tree has
//	state                           what each server is and holds
func TestScenarios(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		w := &world{}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			w.t = t
			return w.command(d)
		})
	})
}

type world struct {
	t       testing.TB
	masters []string
	// stubborn are those that elect whom they cannot reach again.
	stubborn []string
	mono     time.Duration
	view     *quorum.View
	cfg      Config // what the servers share
	spares   map[zoo.ServerID]*quorum.View
	servers  []*server
	// viewsStop keeps views of logs back, in views.
	viewsStop bool
	views     []func()
	links     []*pipe
	made      LinkID // the last link
	shown     strings.Builder
}

type server struct {
	id        zoo.ServerID
	r         *Replica
	rec       Recovered
	cut       bool
	diskStops bool
	hangs     bool
	// shut and swallows are what is wrong with its quorum port.
	shut, swallows bool
	disk           []zab.DiskOp
	queue          []Event
	// members and accepted are what an unlogged server has written; logs says that it is
	// one no more.
	members  quorum.Ensemble
	accepted zoo.Epoch
	logs     bool
	session  zoo.SessionID
	conn     ConnID
	xid      int32
}

// pipe is one quorum link; from is the learner.
type pipe struct {
	id               LinkID
	learner, leader  *server
	heldUp, heldDown bool
	up, down         []wire.QuorumPacket
	snapshots        []*tree.Tree
}

func (w *world) command(d *datadriven.TestData) string {
	w.shown.Reset()
	switch d.Cmd {
	case "servers":
		return w.make(d)
	case "history":
		return w.history(d)
	case "start":
		for _, arg := range d.CmdArgs {
			w.start(w.server(arg.Key))
		}
	case "run":
	case "tick":
		w.tick(d.CmdArgs[0].Key)
	case "cut", "heal":
		w.cut(w.server(d.CmdArgs[0].Key), d.Cmd == "cut")
	case "hang", "break", "restart":
		w.trouble(d.Cmd, w.server(d.CmdArgs[0].Key))
	case "stop-disk", "go-disk":
		w.server(d.CmdArgs[0].Key).diskStops = d.Cmd == "stop-disk"
	case "hold", "release", "shut", "open":
		w.block(d)
	case "stop-views", "go-views":
		w.holdViews(d.Cmd == "stop-views")
	case "pipeline":
		w.pipeline(d)
	case "connect", "create", "set", "sync", "close", "container", "ttl", "delete", "reconfig":
		w.client(d)
	case "grant", "deny", "touch", "space", "transfer", "drain", "undrain", "count",
		"expire":
		w.tellServer(w.server(d.CmdArgs[0].Key), d)
	case "has":
		return w.has(d)
	case "state", "members", "attendance":
		return w.describe(d.Cmd)
	default:
		w.t.Fatalf("unknown command %q", d.Cmd)
	}
	return w.run()
}

// tellServer brings an event from outside of the ensemble.
func (w *world) tellServer(s *server, d *datadriven.TestData) {
	var ev Event = OracleSpoke{Grants: d.Cmd == "grant"}
	switch d.Cmd {
	case "touch":
		ev = Touched{[]zoo.SessionID{s.session}}
	case "count":
		n, err := strconv.Atoi(d.CmdArgs[1].Key)
		if err != nil {
			w.t.Fatal(err)
		}
		ev = Counted{Clients: n}
	case "expire":
		of := s
		if id := w.number(d, "of"); id != 0 {
			of = w.server(strconv.FormatInt(id, 10))
		}
		ev = Expire{Session: of.session}
	case "drain":
		ev = Drain{}
	case "undrain":
		ev = Undrain{}
	case "transfer":
		ev = Transfer{To: zoo.ServerID(w.number(d, "to"))}
	case "space":
		free, err := strconv.ParseInt(d.CmdArgs[1].Key, 10, 64)
		if err != nil {
			w.t.Fatal(err)
		}
		ev = Space{Free: free}
	}
	s.queue = append(s.queue, ev)
}

func (w *world) holdViews(stop bool) {
	if w.viewsStop = stop; stop {
		return
	}
	for _, view := range w.views {
		view()
	}
	w.views = nil
}

func (w *world) make(d *datadriven.TestData) string {
	n, _ := strconv.Atoi(d.CmdArgs[0].Key)
	var members []quorum.Member
	for id := 1; id <= n; id++ {
		members = append(members, memberOf(d, id, ""))
	}
	if observers, ok := d.Arg("observers"); ok {
		for _, text := range observers.Vals {
			id, _ := strconv.Atoi(text)
			members = append(members, memberOf(d, id, ":observer"))
		}
	}
	view, err := quorum.NewView(members, 0)
	if err != nil {
		w.t.Fatal(err)
	}
	*w = world{t: w.t, view: view, cfg: Config{
		LocalSessions: d.HasArg("local-sessions"), ReadOnly: d.HasArg("read-only"),
		LocalSessionsUpgrading: d.HasArg("upgrading"),
		EpochTurnAt:            uint32(w.number(d, "turn-at")),
		ReconfigEnabled:        d.HasArg("reconfig"),
		VotersMin:              int(w.number(d, "voters-min")),
		Oracle:                 d.HasArg("oracle"),
		ObserverUnlogged:       d.HasArg("unlogged"),
		Patience:               w.patience(d),
		Balance: balance.Rule{TolerancePercent: int(w.number(d, "balance")),
			RoundMax: 50},
	}}
	masters, _ := d.Arg("masters")
	w.masters = masters.Vals
	stubborn, _ := d.Arg("stubborn")
	w.stubborn = stubborn.Vals
	for _, m := range members {
		w.servers = append(w.servers, &server{id: m.ID, rec: Recovered{Tree: tree.New()}})
	}
	w.addSpares(d, members)
	return "ok"
}

func (w *world) server(text string) *server {
	id, err := strconv.Atoi(text)
	if err != nil || id < 1 || id > len(w.servers) {
		w.t.Fatalf("no server %q", text)
	}
	return w.servers[id-1]
}

func (w *world) number(d *datadriven.TestData, key string) int64 {
	arg, ok := d.Arg(key)
	if !ok {
		return 0
	}
	n, err := strconv.ParseInt(arg.Vals[0], 0, 64)
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

// entry is a transaction that changes nothing, an error, with the zxid.
func entry(z zoo.Zxid) txn.Entry {
	h := txn.Header{Session: 1, Zxid: z, Type: wire.OpError}
	return txn.NewEntry(h, &txn.ErrorTxn{Err: zoo.CodeNoNode}, nil)
}

func (w *world) history(d *datadriven.TestData) string {
	s := w.server(d.CmdArgs[0].Key)
	s.rec.Epochs = zab.Epochs{
		Accepted: zoo.Epoch(w.number(d, "accepted")),
		Current:  zoo.Epoch(w.number(d, "current")),
	}
	base := zoo.Zxid(w.number(d, "snapshot"))
	s.rec.Tree.SetZxid(base)
	s.rec.Uncut = d.HasArg("uncut")
	log, _ := d.Arg("log")
	for _, text := range log.Vals {
		z, err := strconv.ParseInt(text, 0, 64)
		if err != nil {
			w.t.Fatal(err)
		}
		if zoo.Zxid(z) > base {
			s.rec.Tail = append(s.rec.Tail, entry(zoo.Zxid(z)))
		}
	}
	return "ok"
}

func (w *world) now() Now {
	return Now{Mono: w.mono, WallMillis: 1000 + w.mono.Milliseconds()}
}

func (w *world) start(s *server) {
	cfg := w.cfg
	cfg.ObserverUnlogged = cfg.ObserverUnlogged && !s.logs
	cfg.ID, cfg.View, cfg.TickTime, cfg.Start = s.id, w.view, time.Second, w.now()
	if view := w.spares[s.id]; view != nil {
		cfg.View = view
	}
	if s.members.Current != nil {
		cfg.View, cfg.Next = s.members.Current, s.members.Next
	}
	cfg.Types, cfg.SpaceMin = tree.Types{Extended: true}, 1000
	cfg.Reaping = Reaping{NeverUsedMax: 90 * time.Second, PerMinuteMax: 600}
	if slices.Contains(w.stubborn, strconv.Itoa(int(s.id))) {
		cfg.Planted = zab.BugUnreached
	}
	cfg.ObserverMasters = slices.Contains(w.masters, strconv.Itoa(int(s.id)))
	s.r = New(cfg, s.rec)
	for _, other := range w.servers {
		if other != s && other.r != nil && !other.cut {
			s.queue = append(s.queue, ElectionUp{other.id})
			other.queue = append(other.queue, ElectionUp{s.id})
		}
	}
}

func (w *world) tick(text string) {
	d, err := time.ParseDuration(text)
	if err != nil {
		w.t.Fatal(err)
	}
	for end := w.mono + d; w.mono < end; {
		w.mono = min(w.mono+100*time.Millisecond, end)
		for _, s := range w.servers {
			s.queue = append(s.queue, Tick{})
		}
		w.play()
	}
}

func (w *world) cut(s *server, cut bool) {
	s.cut = cut
	for _, p := range slices.Clone(w.links) {
		if cut && (p.learner == s || p.leader == s) {
			w.close(p)
		}
	}
	for _, other := range w.servers {
		if other == s || other.cut || other.r == nil {
			continue
		}
		if cut {
			s.queue = append(s.queue, ElectionDown{other.id})
			other.queue = append(other.queue, ElectionDown{s.id})
		} else {
			s.queue = append(s.queue, ElectionUp{other.id})
			other.queue = append(other.queue, ElectionUp{s.id})
		}
	}
}

func (w *world) trouble(kind string, s *server) {
	if kind == "restart" {
		w.restart(s)
		return
	}
	if s.hangs = kind == "hang"; s.hangs {
		return
	}
	for _, p := range slices.Clone(w.links) {
		if p.learner == s {
			w.close(p)
		}
	}
}

// shut breaks the links of those that follow, or has them swallow what comes.
func (w *world) shut(d *datadriven.TestData) {
	s := w.server(d.CmdArgs[0].Key)
	s.shut, s.swallows = d.Cmd == "shut", d.HasArg("swallows")
	for _, p := range slices.Clone(w.links) {
		switch {
		case p.leader != s:
		case s.shut && !s.swallows:
			w.close(p)
		default:
			p.heldUp, p.heldDown = s.shut, s.shut
		}
	}
}

func (w *world) close(p *pipe) {
	w.links = slices.DeleteFunc(w.links, func(x *pipe) bool { return x == p })
	p.learner.queue = append(p.learner.queue, LinkDown{p.id})
	p.leader.queue = append(p.leader.queue, LinkDown{p.id})
}

// block keeps packets back, or opens and shuts a port.
func (w *world) block(d *datadriven.TestData) {
	if d.Cmd == "shut" || d.Cmd == "open" {
		w.shut(d)
		return
	}
	from, to := w.server(d.CmdArgs[0].Key), w.server(d.CmdArgs[1].Key)
	for _, p := range w.links {
		switch {
		case p.learner == from && p.leader == to:
			p.heldUp = d.Cmd == "hold"
		case p.leader == from && p.learner == to:
			p.heldDown = d.Cmd == "hold"
		}
	}
}

func (w *world) client(d *datadriven.TestData) {
	s := w.server(d.CmdArgs[0].Key)
	if d.Cmd == "connect" {
		if from := w.number(d, "from"); from != 0 {
			s.session = w.servers[from-1].session
		}
		s.connect(d)
		return
	}
	s.xid++
	q := Request{Conn: s.conn, Session: s.session, Xid: s.xid}
	switch d.Cmd {
	case "reconfig":
		w.reconfig(d, &q)
	case "create":
		q.Op = wire.OpCreate
		body := wire.CreateRequest{Path: d.CmdArgs[1].Key, ACL: zoo.OpenACL()}
		if d.HasArg("ephemeral") {
			body.Flags = zoo.Ephemeral
		}
		q.Body = body.AppendTo(nil)
	case "set":
		q.Op = wire.OpSetData
		body := wire.SetDataRequest{Path: d.CmdArgs[1].Key, Version: -1}
		q.Body = body.AppendTo(nil)
	case "container", "ttl", "delete":
		w.reapable(d, &q)
	case "sync":
		q.Op = wire.OpSync
		body := wire.SyncRequest{Path: "/"}
		q.Body = body.AppendTo(nil)
	case "close":
		q.Op = wire.OpCloseSession
	}
	s.queue = append(s.queue, Submit{[]Request{q}})
}

// pipeline brings several requests at once.
func (w *world) pipeline(d *datadriven.TestData) {
	s := w.server(d.CmdArgs[0].Key)
	var all Submit
	for _, arg := range d.CmdArgs[1:] {
		s.xid++
		q := Request{Conn: s.conn, Session: s.session, Xid: s.xid}
		switch arg.Key {
		case "create":
			q.Op = wire.OpCreate
			body := wire.CreateRequest{Path: arg.Vals[0], ACL: zoo.OpenACL()}
			q.Body = body.AppendTo(nil)
		case "delete":
			q.Op = wire.OpDelete
			body := wire.DeleteRequest{Path: arg.Vals[0], Version: -1}
			q.Body = body.AppendTo(nil)
		case "sync":
			q.Op = wire.OpSync
			body := wire.SyncRequest{Path: "/"}
			q.Body = body.AppendTo(nil)
		case "close":
			q.Op = wire.OpCloseSession
		}
		all.Requests = append(all.Requests, q)
	}
	s.queue = append(s.queue, all)
}

// connect brings a handshake on a new connection; again brings the last session.
func (s *server) connect(d *datadriven.TestData) {
	s.conn++
	ev := Connect{Conn: s.conn, Timeout: 10_000, ReadOnly: d.HasArg("read-only")}
	if d.HasArg("brief") {
		ev.Timeout = 2000
	}
	if d.HasArg("again") || d.HasArg("from") {
		password := session.Password(s.session)
		ev.Session, ev.Password = s.session, password[:]
	}
	s.queue = append(s.queue, ev)
}

// reapable fills in a request about a znode that the reaper looks at.
func (w *world) reapable(d *datadriven.TestData, q *Request) {
	path := d.CmdArgs[1].Key
	switch d.Cmd {
	case "container":
		q.Op = wire.OpCreateContainer
		body := wire.CreateRequest{Path: path, ACL: zoo.OpenACL(), Flags: zoo.Container}
		q.Body = body.AppendTo(nil)
	case "ttl":
		q.Op = wire.OpCreateTTL
		millis, _ := strconv.ParseInt(d.CmdArgs[2].Key, 10, 64)
		body := wire.CreateTTLRequest{
			Path: path, ACL: zoo.OpenACL(), Flags: zoo.PersistentTTL, TTL: millis,
		}
		q.Body = body.AppendTo(nil)
	default:
		q.Op = wire.OpDelete
		body := wire.DeleteRequest{Path: path, Version: -1}
		q.Body = body.AppendTo(nil)
	}
}

func (w *world) has(d *datadriven.TestData) string {
	var b strings.Builder
	for _, arg := range d.CmdArgs[1:] {
		_, found := w.server(d.CmdArgs[0].Key).r.Tree().Lookup(arg.Key)
		fmt.Fprintf(&b, "%s: %v\n", arg.Key, found)
	}
	return b.String()
}

// run plays until nothing happens any more, and tells what was sent.
func (w *world) run() string {
	w.play()
	if w.shown.Len() == 0 {
		return "nothing happens"
	}
	return w.shown.String()
}

func (w *world) play() {
	for busy := true; busy; {
		busy = false
		for _, s := range w.servers {
			busy = w.step(s) || busy
		}
		for _, p := range slices.Clone(w.links) {
			busy = w.carry(p) || busy
		}
	}
}

func (w *world) step(s *server) bool {
	if s.r == nil {
		s.queue = nil
		return false
	}
	if s.hangs {
		return false
	}
	if n := len(s.disk); n > 0 && !s.diskStops && !w.refuses(s) {
		s.queue = append(s.queue, DiskDone{s.disk[n-1].Seq})
		s.disk = nil
	}
	events := s.queue
	s.queue = nil
	for _, ev := range events {
		s.r.Step(w.now(), ev)
	}
	return w.obey(s, s.r.Drain()) || len(events) > 0
}

// refuses does what a disk does that is told to cut back to before its only snapshot:
// nothing. A replica takes the place of the one that wanted it.
func (w *world) refuses(s *server) bool {
	for _, op := range s.disk {
		if op.Kind != zab.DiskTruncate || op.Zxid >= s.rec.Tree.Zxid() {
			continue
		}
		w.show("%d: cannot cut back to %v", s.id, op.Zxid)
		s.r.Step(w.now(), CutRefused{})
		if !s.r.Drain().Reload {
			w.t.Fatal("a role outlives a cut that was refused")
		}
		for _, p := range slices.Clone(w.links) {
			if p.learner == s || p.leader == s {
				w.close(p)
			}
		}
		s.rec.Uncut, s.rec.Epochs = true, s.r.epochs
		s.queue, s.disk = nil, nil
		w.start(s)
		return true
	}
	return false
}

func (w *world) show(format string, args ...any) { fmt.Fprintf(&w.shown, format+"\n", args...) }

func (w *world) obey(s *server, eff Effects) bool {
	s.disk = append(s.disk, eff.Disk...)
	if w.recalled(s, &eff) {
		return true
	}
	for _, out := range eff.Send {
		w.send(s, out)
	}
	for _, n := range eff.Notify {
		if to := w.servers[n.To-1]; !to.cut && !s.cut && to.r != nil {
			to.queue = append(to.queue, Notified{s.id, n.Notification})
		}
	}
	for _, link := range eff.Hangup {
		for _, p := range slices.Clone(w.links) {
			if p.id == link {
				w.close(p)
			}
		}
	}
	if eff.Dial != 0 {
		w.dial(s, w.servers[eff.Dial-1], eff.DialMaster)
	}
	for i := range eff.Opened {
		w.opened(s, &eff.Opened[i])
	}
	for _, conn := range eff.CloseConns {
		w.show("%d: connection %d closed", s.id, conn)
	}
	if eff.ApplyReady {
		w.apply(s)
	}
	if eff.View != nil {
		w.viewed(s, eff.View)
	}
	w.tell(s, eff.Trace)
	return len(eff.Disk) > 0 && !s.diskStops || eff.ApplyReady ||
		eff.Dial != 0 || eff.View != nil
}

func (w *world) tell(s *server, traces []Trace) {
	for _, t := range traces {
		switch t.Stage {
		case "looking", "resign", "leave", "serving", "learner dropped", "observer dropped",
			"stepping aside", "oracle", "reaped", "session expired", "disk space low",
			"disk space is back":
			w.show("%d: %s (%s)", s.id, t.Stage, t.Detail)
		case "local session expired", "local session upgraded":
			w.show("%d: %s", s.id, t.Stage)
		case "elected":
			w.show("%d: elected %d", s.id, t.Peer)
		case "leader not reached":
			w.show("%d: %s: %d (%s)", s.id, t.Stage, t.Peer, t.Detail)
		}
	}
}

func (w *world) apply(s *server) {
	for {
		o, ok := s.r.ApplyNext()
		if !ok {
			return
		}
		switch {
		case o.Opened != nil:
			w.opened(s, o.Opened)
		case o.Code != zoo.CodeOK:
			w.show("%d: answered xid %d: %v", s.id, o.Xid, o.Code)
		case o.Op == wire.OpCloseSession && o.Conn != 0:
			w.show("%d: session closed, so is connection %d", s.id, o.Closes)
		case o.Result == nil:
			w.show("%d: sync answered", s.id)
		case o.Conn != 0:
			w.show("%d: answered xid %d: %v", s.id, o.Xid, o.Result.Code)
		}
	}
}

func (w *world) opened(s *server, o *Opened) {
	switch {
	case o.Session == 0:
		w.show("%d: session refused", s.id)
	case o.ReadOnly:
		w.show("%d: session opened, read-only", s.id)
	default:
		w.show("%d: session opened", s.id)
	}
	s.session = o.Session
}

func (w *world) dial(s, leader *server, master bool) {
	open := leader.r != nil && leader.r.Status().State == Leading
	if master {
		open = leader.r != nil && leader.r.Status().Mastering
	}
	if s.cut || leader.cut || !open || leader.shut && !leader.swallows {
		s.queue = append(s.queue, DialFailed{leader.id})
		return
	}
	w.made++
	p := &pipe{id: w.made, learner: s, leader: leader}
	p.heldUp, p.heldDown = leader.shut, leader.shut
	w.links = append(w.links, p)
	s.queue = append(s.queue, LinkUp{Link: p.id, Leader: leader.id})
	leader.queue = append(leader.queue, LinkUp{Link: p.id})
}

func (w *world) send(s *server, out zab.Outgoing) {
	for _, p := range w.links {
		if p.id != out.Link {
			continue
		}
		to := p.leader
		if s == p.leader {
			to = p.learner
			p.down = append(p.down, out.Packet)
			if out.Packet.Type == wire.PacketSnap {
				p.snapshots = append(p.snapshots, clone(w.t, s.r.Tree(), nil))
			}
		} else {
			p.up = append(p.up, out.Packet)
		}
		if out.Packet.Type != wire.PacketPing {
			w.show("%d->%d %v %v", s.id, to.id, out.Packet.Type, out.Packet.Zxid)
		}
	}
}

// clone copies a tree as a snapshot does, and applies what lies behind it.
func clone(t testing.TB, from *tree.Tree, further []txn.Entry) *tree.Tree {
	f := from.Freeze()
	defer f.Close()
	c := tree.NewCloner(f)
	for c.Step(100) {
	}
	to, err := c.Finish(further)
	if err != nil {
		t.Fatal(err)
	}
	return to
}

// viewed makes what a read-only server shows.
func (w *world) viewed(s *server, tail []txn.Entry) {
	ev := Viewed{clone(w.t, s.r.Tree(), tail)}
	if !w.viewsStop {
		s.queue = append(s.queue, ev)
		return
	}
	w.views = append(w.views, func() { s.queue = append(s.queue, ev) })
}

func (w *world) carry(p *pipe) bool {
	moved := false
	if len(p.up) > 0 && !p.heldUp {
		p.leader.queue = append(p.leader.queue, Received{p.id, p.up})
		p.up, moved = nil, true
	}
	if p.heldDown {
		return moved
	}
	for _, packet := range p.down {
		moved = true
		one := []wire.QuorumPacket{packet}
		p.learner.queue = append(p.learner.queue, Received{p.id, one})
		if packet.Type == wire.PacketSnap {
			p.learner.queue = append(p.learner.queue, SnapshotReceived{p.id, p.snapshots[0]})
			p.snapshots = p.snapshots[1:]
		}
	}
	p.down = nil
	return moved
}

// describe tells what the servers are, or which configurations they know.
func (w *world) describe(what string) string {
	switch what {
	case "members":
		return w.members()
	case "attendance":
		return w.attendance()
	}
	return w.state()
}

func (w *world) attendance() string {
	var b strings.Builder
	for _, s := range w.servers {
		if s.r != nil {
			st := s.r.Status()
			words := [...]string{"takes clients", "asks", "is drained"}
			line := fmt.Sprintf("%d %v %s %s", s.id, st.State, words[st.Drain], st.DrainRefusal)
			b.WriteString(strings.TrimSpace(line) + "\n")
		}
	}
	return b.String()
}

func (w *world) state() string {
	var b strings.Builder
	for _, s := range w.servers {
		if s.r == nil {
			continue
		}
		st := s.r.Status()
		if w.cfg.LocalSessions || w.cfg.ReadOnly {
			fmt.Fprintf(&b, "%d sessions=%d local=%d read-only=%v shows=%v\n", s.id,
				st.Sessions, st.LocalSessions, st.ReadOnly, s.r.View().Zxid())
			continue
		}
		fmt.Fprintf(&b, "%d %v serving=%v leader=%d epoch=%d/%d logged=%v committed=%v "+
			"applied=%v\n", s.id, st.State, st.Serving, st.Leader, s.r.epochs.Accepted,
			s.r.epochs.Current, st.LastLogged, st.LastCommitted, st.LastApplied)
	}
	return b.String()
}
