package backup

import "io"

// work is how far a long reading has come, for a person who waits. It decides nothing.
type work struct {
	tell        func(done, total int64) // may be nil
	done, total int64
}

// add counts n bytes more. The total is an estimate where the same may be read twice.
func (w *work) add(n int) {
	if w.tell == nil || n == 0 {
		return
	}
	w.done += int64(n)
	w.tell(min(w.done, w.total), w.total)
}

// Tell has the bytes counted that are read from now on, of a total that each job
// estimates. A nil function ends that.
func (r *Repository) Tell(tell func(done, total int64)) { r.work = work{tell: tell} }

// expect begins a job of so many bytes.
func (w *work) expect(total int64) { w.done, w.total = 0, total }

// countedBody counts what is read.
type countedBody struct {
	io.ReadCloser
	work *work
}

// Read is that of the body.
func (c countedBody) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.work.add(n)
	return n, err
}

// bytes is what a replay of the plan reads.
func (p Plan) bytes() int64 {
	n := p.Base.Bytes
	for _, s := range p.Segments {
		n += s.Bytes
	}
	return n
}

// verifiedBytes is about what a verification reads: in full depth the log between bases
// is replayed as well.
func (c Catalog) verifiedBytes(depth Depth) int64 {
	var n int64
	var newest Hex
	for _, b := range c.Bases {
		n, newest = n+b.Bytes, b.Zxid
	}
	for _, s := range c.Segments {
		n += s.Bytes
		if depth == Full && s.First <= newest {
			n += s.Bytes
		}
	}
	return n
}
