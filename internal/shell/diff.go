package shell

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"

	"zoo"
)

// diff compares two subtrees, of this ensemble or of this and another one. As diff does, it
// ends with 1 where they differ, and with 2 where that is not known.
func diff(ctx context.Context, s *Shell, p *parsed) error {
	err := compare(ctx, s, p)
	if err == nil || exitOf(err) != exitFailed {
		return err
	}
	if errors.Is(err, errDiffer) {
		return &failure{exit: exitFailed}
	}
	return &failure{answer(err), exitTrouble}
}

var errDiffer = errors.New("they differ")

// compare prints what differs. Versions, zxids and times are not compared.
func compare(ctx context.Context, s *Shell, p *parsed) error {
	other := s
	if server, ok := p.values["-with"]; ok {
		var err error
		if other, err = s.beside(ctx, server); err != nil {
			return err
		}
		defer other.client.Close(ctx)
	}
	ctx, stop := context.WithCancel(ctx)
	left := sideOf(ctx, s, p.args[1], p.has("e"))
	right := sideOf(ctx, other, p.args[2], p.has("e"))
	defer func() { stop(); left.drain(); right.drain() }()
	d := differences{shell: s, rows: s.answers(p)}
	err := d.merge(left, right)
	if d.rows != nil {
		err = d.rows.end(err)
	}
	if err == nil && d.count > 0 {
		return errDiffer
	}
	return err
}

// beside is a shell of another ensemble, once that answers.
func (s *Shell) beside(ctx context.Context, server string) (*Shell, error) {
	other := &Shell{Arguments: s.Arguments, Out: s.Out, Err: s.Err, Options: s.Options,
		quiet: true}
	if err := other.connect(ctx, server); err != nil {
		return nil, err
	}
	reach, stop := context.WithTimeout(ctx, s.Timeout)
	defer stop()
	if err := other.client.WaitConnected(reach); err != nil {
		other.abandon()
		return nil, failed("no server of %s answers: %v", server, err)
	}
	return other, nil
}

// sideAhead is how many znodes of a side are read before they are compared.
const sideAhead = 64

// side is one of the two subtrees, in the order of its walk.
type side struct {
	root string
	c    chan *found
	// err is what ended it, once c is closed.
	err error
}

func sideOf(ctx context.Context, s *Shell, root string, persistentOnly bool) *side {
	one := &side{root: root, c: make(chan *found, sideAhead)}
	w := walk{shell: s, whole: true, depthMax: -1, skip: leaveOutOwn(root)}
	w.visit = func(at *found) error {
		if persistentOnly && at.mode == zoo.Ephemeral {
			return nil
		}
		kept := *at // The walk lets go of the data.
		select {
		case one.c <- &kept:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	go func() {
		defer close(one.c)
		one.err = w.run(ctx, root)
	}()
	return one
}

// next is the next znode, or nil at the end, and where it stands within the subtree.
func (o *side) next() (*found, string, error) {
	at, ok := <-o.c
	if !ok {
		return nil, "", o.err
	}
	return at, relative(o.root, at.path), nil
}

// drain waits for the end of a walk that is to stop.
func (o *side) drain() {
	for range o.c {
	}
}

// differences prints what differs, as it finds it.
type differences struct {
	shell *Shell
	rows  *answers
	count int
}

// merge compares two walks. Their order is that of the paths with the slash before
// every other character.
func (d *differences) merge(left, right *side) error {
	a, pathA, err := left.next()
	if err != nil {
		return err
	}
	b, pathB, err := right.next()
	for err == nil && (a != nil || b != nil) {
		order := walkOrder(pathA, pathB)
		switch {
		case b == nil || a != nil && order < 0:
			err = d.tell("-", pathA, nil)
			a, pathA, err = advance(left, err)
		case a == nil || order > 0:
			err = d.tell("+", pathB, nil)
			b, pathB, err = advance(right, err)
		default:
			if what := unlike(a, b); len(what) > 0 {
				err = d.tell("~", pathA, what)
			}
			if a, pathA, err = advance(left, err); err == nil {
				b, pathB, err = advance(right, err)
			}
		}
	}
	return err
}

// advance goes on with a side, unless something has failed.
func advance(o *side, err error) (*found, string, error) {
	if err != nil {
		return nil, "", err
	}
	return o.next()
}

// walkOrder compares paths by the order of a walk.
func walkOrder(a, b string) int {
	slashFirst := func(path string) string {
		if path == "/" {
			return ""
		}
		return strings.ReplaceAll(path, "/", "\x00")
	}
	return strings.Compare(slashFirst(a), slashFirst(b))
}

// unlike names what two znodes differ in.
func unlike(a, b *found) []string {
	var what []string
	if !bytes.Equal(a.data, b.data) || (a.data == nil) != (b.data == nil) {
		what = append(what, "data")
	}
	if !slices.Equal(a.acl, b.acl) {
		what = append(what, "acl")
	}
	if a.mode != b.mode {
		what = append(what, "kind")
	}
	return what
}

func (d *differences) tell(sign, path string, what []string) error {
	d.count++
	if d.rows != nil {
		words := map[string]string{"-": "only in the first", "+": "only in the second",
			"~": "differs"}
		return d.rows.add(row{{"path", path}, {"difference", words[sign]}, {"in", what}})
	}
	line := sign + " " + shown(path)
	if len(what) > 0 {
		line += ": " + strings.Join(what, ", ")
	}
	d.shell.print("%s\n", line)
	return nil
}
