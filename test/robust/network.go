package robust

import (
	"context"
	"net"
	"strconv"
	"sync"
)

const localhost = "127.0.0.1"

// way is one direction between two servers, by their ids.
type way struct{ from, to int }

func (w way) back() way { return way{w.to, w.from} }

// network is all that lies between the servers: a relay for each port that one of them
// has for another. Its methods may be called by many goroutines.
type network struct {
	ctx   context.Context
	end   context.CancelFunc
	tasks sync.WaitGroup

	mu    sync.Mutex
	flows map[way]*flow
	// ports are the weather before single ports of servers, by their numbers.
	ports     map[int]*flow
	listeners []net.Listener
	// relays are the connections there are, each with what ends it.
	relays map[*relay]struct{}
}

// relay is one connection of the server from to a port of the server to.
type relay struct {
	way  way
	port int
	// stop ends both directions; over is closed by it.
	stop context.CancelFunc
	over <-chan struct{}
}

func newNetwork() *network {
	n := &network{flows: map[way]*flow{}, ports: map[int]*flow{}, relays: map[*relay]struct{}{}}
	n.ctx, n.end = context.WithCancel(context.Background())
	return n
}

// flow is that of one direction.
func (n *network) flow(w way) *flow {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.flows[w] == nil {
		n.flows[w] = newFlow()
	}
	return n.flows[w]
}

// port is what lies before one port of a server, on all ways to it.
func (n *network) port(port int) *flow {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.ports[port] == nil {
		n.ports[port] = newFlow()
	}
	return n.ports[port]
}

// shut keeps all others from a port of a server: the connections that there are break, and
// new ones are refused or, if they are held, made and not heard. Its other ports are open.
func (n *network) shut(port int, w weather) {
	n.port(port).set(w)
	n.mu.Lock()
	defer n.mu.Unlock()
	for r := range n.relays {
		if r.port == port {
			r.stop()
		}
	}
}

// route opens a port at which the server from reaches a port of the server to.
func (n *network) route(from, to, port int) (int, error) {
	listener, err := net.Listen("tcp", net.JoinHostPort(localhost, "0"))
	if err != nil {
		return 0, err
	}
	n.mu.Lock()
	n.listeners = append(n.listeners, listener)
	n.mu.Unlock()
	n.tasks.Go(func() { n.accept(listener, way{from, to}, port) })
	return listener.Addr().(*net.TCPAddr).Port, nil
}

func (n *network) accept(listener net.Listener, w way, port int) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		n.tasks.Go(func() { n.relay(conn, w, port) })
	}
}

// relay serves one connection until one of its sides ends or the weather breaks it.
func (n *network) relay(near net.Conn, w way, port int) {
	defer breakOff(near)
	ctx, stop := context.WithCancel(n.ctx)
	defer stop()
	r := &relay{way: w, port: port, stop: stop, over: ctx.Done()}
	n.mu.Lock()
	n.relays[r] = struct{}{}
	n.mu.Unlock()
	defer func() {
		n.mu.Lock()
		delete(n.relays, r)
		n.mu.Unlock()
	}()
	out, in := n.flow(w), n.flow(w.back())
	for _, f := range []*flow{n.port(port), out, in} {
		if now, _ := f.now(); now.refused || !f.pass(r.over) {
			return
		}
	}
	far, err := (&net.Dialer{}).DialContext(ctx, "tcp",
		net.JoinHostPort(localhost, strconv.Itoa(port)))
	if err != nil {
		return
	}
	defer breakOff(far)
	r.move(near, far, out, in)
}

// move moves bytes both ways until either has ended.
func (r *relay) move(near, far net.Conn, out, in *flow) {
	var group sync.WaitGroup
	for _, p := range []*pump{
		{source: near, target: far, flow: out}, {source: far, target: near, flow: in},
	} {
		p.pieces, p.stop = make(chan piece, piecesMax), r.over
		group.Go(p.take)
		group.Go(func() {
			defer r.stop()
			p.give()
		})
	}
	<-r.over
	breakOff(near)
	breakOff(far)
	group.Wait()
}

// breakOff ends a connection without waiting for what it still holds.
func breakOff(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // a connection that has ended cannot be told
	}
	_ = conn.Close()
}

// set changes the weather of some directions.
func (n *network) set(w weather, ways ...way) {
	for _, one := range ways {
		n.flow(one).set(w)
	}
	if w.refused {
		n.sever(ways...)
	}
}

// sever breaks the connections there are between pairs of servers.
func (n *network) sever(ways ...way) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for r := range n.relays {
		for _, w := range ways {
			if r.way == w || r.way == w.back() {
				r.stop()
			}
		}
	}
}

// heal makes the weather fine everywhere.
func (n *network) heal() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, f := range n.flows {
		f.set(weather{})
	}
	for _, f := range n.ports {
		f.set(weather{})
	}
}

// close ends all and waits for the end.
func (n *network) close() {
	n.end()
	n.mu.Lock()
	for _, listener := range n.listeners {
		_ = listener.Close()
	}
	n.mu.Unlock()
	n.tasks.Wait()
}

// between are the directions from each of some servers to each of some others.
func between(from, to []int) (all []way) {
	for _, a := range from {
		for _, b := range to {
			if a != b {
				all = append(all, way{a, b})
			}
		}
	}
	return all
}

// bothWays are the directions from and to.
func bothWays(some, others []int) []way {
	return append(between(some, others), between(others, some)...)
}
