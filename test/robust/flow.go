package robust

import (
	"net"
	"sync"
	"time"
)

// weather is what the bytes from one server to another go through.
type weather struct {
	// held keeps all bytes back, as a network that loses every packet does. They arrive
	// when it ends.
	held bool
	// refused breaks connections, and every new one at once.
	refused bool
	// delay is how long each byte is under way, bytesPerSecond how many get through; 0
	// is all that come.
	delay          time.Duration
	bytesPerSecond int
}

// flow is one direction between two servers.
type flow struct {
	mu      sync.Mutex
	weather weather
	// changed is closed, and made anew, when the weather changes.
	changed chan struct{}
}

func newFlow() *flow { return &flow{changed: make(chan struct{})} }

func (f *flow) set(w weather) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.weather = w
	close(f.changed)
	f.changed = make(chan struct{})
}

func (f *flow) now() (weather, <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.weather, f.changed
}

// pass waits until nothing is held; false if stop came first.
func (f *flow) pass(stop <-chan struct{}) bool {
	for {
		w, changed := f.now()
		if !w.held {
			return true
		}
		select {
		case <-changed:
		case <-stop:
			return false
		}
	}
}

// The bounds of what is under way in one direction of one connection.
const (
	pieceBytesMax = 16 << 10
	piecesMax     = 256
)

// piece is some bytes under way, or, with an error, the end behind them.
type piece struct {
	bytes []byte
	due   time.Time
	err   error
}

// pump moves one direction of one connection.
type pump struct {
	source, target net.Conn
	flow           *flow
	pieces         chan piece
	stop           <-chan struct{}
}

// take reads until the source ends.
func (p *pump) take() {
	for {
		buf := make([]byte, pieceBytesMax)
		n, err := p.source.Read(buf)
		w, _ := p.flow.now()
		select {
		case p.pieces <- piece{buf[:n], time.Now().Add(w.delay), err}:
		case <-p.stop:
			return
		}
		if err != nil {
			return
		}
	}
}

// give writes what was read, when its time has come, until the end, which it passes on.
func (p *pump) give() {
	for {
		var next piece
		select {
		case next = <-p.pieces:
		case <-p.stop:
			return
		}
		if !pause(p.stop, time.Until(next.due)) || !p.flow.pass(p.stop) {
			return
		}
		if _, err := p.target.Write(next.bytes); err != nil || next.err != nil {
			return
		}
		if w, _ := p.flow.now(); w.bytesPerSecond > 0 {
			took := time.Duration(len(next.bytes)) * time.Second / time.Duration(w.bytesPerSecond)
			if !pause(p.stop, took) {
				return
			}
		}
	}
}

// pause waits for a time; false if stop came first.
func pause(stop <-chan struct{}, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-stop:
		return false
	}
}
