package shell

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"zoo"
)

// criteria are what find looks for; all of them must hold.
type criteria []func(*found) bool

// search prints the paths of znodes that meet all criteria.
func search(ctx context.Context, s *Shell, p *parsed) error {
	wanted, err := s.criteria(p)
	if err != nil {
		return err
	}
	depth, err := depthOption(p, "depth")
	if err != nil {
		return err
	}
	rows, count := s.answers(p), s.progress("looked at")
	defer count.end()
	w := walk{shell: s, depthMax: depth}
	w.visit = func(at *found) error {
		count.one()
		for _, meets := range wanted {
			if !meets(at) {
				return nil
			}
		}
		if rows != nil {
			return rows.add(slices.Concat(row{{"path", at.path}}, statColumns(at.stat)))
		}
		s.print("%s\n", at.path)
		return nil
	}
	err = w.run(ctx, p.args[1])
	if rows != nil {
		return rows.end(err)
	}
	return err
}

func depthOption(p *parsed, name string) (int, error) {
	text, ok := p.values[name]
	if !ok {
		return -1, nil
	}
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return 0, failed("-%s %s: it is no number of levels", name, text)
	}
	return int(n), nil
}

// criteria reads the options of find.
func (s *Shell) criteria(p *parsed) (criteria, error) {
	var all criteria
	for _, c := range []struct {
		option string
		read   func(text string) (func(*found) bool, error)
	}{{"name", globOf(func(at *found) string { return path.Base(at.path) })},
		{"path", globOf(func(at *found) string { return at.path })}, {"type", typeOf},
		{"owner", ownerOf}, {"size", sizeOf}, {"age", s.ageOf}} {
		text, ok := p.values[c.option]
		if !ok {
			continue
		}
		meets, err := c.read(text)
		if err != nil {
			return nil, failed("-%s %s: %v", c.option, text, err)
		}
		all = append(all, meets)
	}
	return all, nil
}

// globOf matches a part of a znode's path. As in a file system * does not match a slash.
func globOf(part func(*found) string) func(string) (func(*found) bool, error) {
	return func(pattern string) (func(*found) bool, error) {
		_, err := path.Match(pattern, "")
		return func(at *found) bool {
			matches, err := path.Match(pattern, part(at))
			return err == nil && matches
		}, err
	}
}

func typeOf(text string) (func(*found) bool, error) {
	wanted := zoo.Persistent
	switch text {
	case "e", "ephemeral":
		wanted = zoo.Ephemeral
	case "p", "persistent":
	default:
		return nil, errors.New("want p or e: persistent or ephemeral")
	}
	return func(at *found) bool { return at.mode == wanted }, nil
}

func ownerOf(text string) (func(*found) bool, error) {
	ephemeral := func(at *found) bool { return at.mode == zoo.Ephemeral }
	if text == "any" {
		return ephemeral, nil
	}
	id, err := strconv.ParseUint(strings.TrimPrefix(text, "0x"), 16, 64)
	if err != nil {
		return nil, errors.New("want the id of a session in hexadecimal, or any")
	}
	return func(at *found) bool {
		return ephemeral(at) && at.stat.EphemeralOwner == zoo.SessionID(id)
	}, nil
}

// bound is a number with a sign: at least it, at most it, or it exactly.
func bound[T cmp.Ordered](text string, read func(string) (T, error)) (func(T) bool, error) {
	sign := text[:min(1, len(text))]
	if sign == "+" || sign == "-" {
		text = text[1:]
	}
	limit, err := read(text)
	return func(n T) bool {
		switch sign {
		case "+":
			return n >= limit
		case "-":
			return n <= limit
		}
		return n == limit
	}, err
}

func sizeOf(text string) (func(*found) bool, error) {
	meets, err := bound(text, func(text string) (int64, error) {
		unit := int64(1)
		for suffix, n := range map[string]int64{"k": 1 << 10, "M": 1 << 20} {
			if cut, found := strings.CutSuffix(text, suffix); found {
				text, unit = cut, n
			}
		}
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil || n < 0 {
			return 0, errors.New("want a number of bytes, such as +10k")
		}
		return n * unit, nil
	})
	return func(at *found) bool { return meets(int64(at.stat.DataLength)) }, err
}

// ageOf compares how long ago the data was written, by this machine's clock and the
// leader's.
func (s *Shell) ageOf(text string) (func(*found) bool, error) {
	now := time.Now()
	if text == "" || text[0] != '+' && text[0] != '-' {
		return nil, errors.New("want + or - and a duration, such as +24h")
	}
	meets, err := bound(text, time.ParseDuration)
	return func(at *found) bool { return meets(now.Sub(time.UnixMilli(at.stat.Mtime))) }, err
}

// tree draws a znode and what is below it, and with -s how many bytes each one has.
func tree(ctx context.Context, s *Shell, p *parsed) error {
	depth, err := depthOption(p, "L")
	if err != nil {
		return err
	}
	d := drawing{shell: s, sizes: p.has("s"), rows: s.answers(p), count: s.progress("drawn")}
	defer d.count.end()
	w := walk{shell: s, depthMax: depth, visit: d.draw}
	if err := w.run(ctx, p.args[1]); err != nil {
		return err
	}
	if d.rows != nil {
		return d.rows.end(nil)
	}
	s.print("\n%d znodes", d.count.count)
	if d.sizes {
		s.print(", %d bytes", d.bytes)
	}
	s.print("\n")
	return nil
}

// drawing is a tree that is being drawn.
type drawing struct {
	shell *Shell
	sizes bool
	rows  *answers
	count *progress
	bytes int64
	// open tells for each level above whether a sibling of the one there is still to come.
	open []bool
}

func (d *drawing) draw(at *found) error {
	d.count.one()
	d.bytes += int64(at.stat.DataLength)
	ephemeral := at.mode == zoo.Ephemeral
	if d.rows != nil {
		return d.rows.add(row{{"path", at.path}, {"depth", at.depth}, {"ephemeral", ephemeral},
			{"dataLength", at.stat.DataLength}, {"numChildren", at.stat.NumChildren}})
	}
	var b strings.Builder
	name := at.path
	d.open = append(d.open[:at.depth], !at.last)
	for level := 1; level <= at.depth; level++ {
		b.WriteString(branch(d.open[level], level == at.depth))
	}
	if at.depth > 0 {
		name = path.Base(at.path)
	}
	if d.sizes {
		fmt.Fprintf(&b, "[%7d] ", at.stat.DataLength)
	}
	b.WriteString(shown(name))
	if ephemeral {
		b.WriteString(" (ephemeral)")
	}
	d.shell.print("%s\n", b.String())
	return nil
}

// branch is a piece of the drawing, before a name or further left.
func branch(open, own bool) string {
	switch {
	case own && open:
		return "├── "
	case own:
		return "└── "
	case open:
		return "│   "
	}
	return "    "
}
