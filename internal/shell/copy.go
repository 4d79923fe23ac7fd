package shell

import (
	"context"
	"errors"
	"slices"
	"strings"

	"zoo"
	"zoo/client"
)

// within tells whether a path is another one or below it.
func within(path, root string) bool {
	return root == "/" || path == root || strings.HasPrefix(path, root+"/")
}

// twoPaths checks where something comes from and goes to.
func twoPaths(p *parsed) (source, target string, err error) {
	source, target = p.args[1], p.args[2]
	if err := errors.Join(checkPath(source), checkPath(target)); err != nil {
		return "", "", err
	}
	if within(target, source) {
		return "", "", failed("%s is within %s", target, source)
	}
	return source, target, nil
}

// copyCommand copies a znode, or with -r all below it as well, with data and ACLs. Ephemeral
// znodes belong to sessions and are left out.
func copyCommand(ctx context.Context, s *Shell, p *parsed) error {
	source, target, err := twoPaths(p)
	if err != nil {
		return err
	}
	depth := 0
	if p.has("r") {
		depth = -1
	}
	return s.copyTree(ctx, source, target, depth, func(at *found) error {
		s.complain("left out: %s is an ephemeral znode of session %s\n", at.path,
			hex(at.stat.EphemeralOwner))
		return nil
	})
}

// copyTree copies in parts. What is to become of an ephemeral znode, ephemeral says.
func (s *Shell) copyTree(ctx context.Context, source, target string, depthMax int,
	ephemeral func(*found) error) error {
	writes, count := &parts{shell: s}, s.progress("copied")
	defer count.end()
	w := walk{shell: s, whole: true, depthMax: depthMax, skip: leaveOutOwn(source)}
	w.visit = func(at *found) error {
		count.one()
		if at.mode == zoo.Ephemeral {
			return ephemeral(at)
		}
		path := join(target, relative(source, at.path))
		return writes.add(ctx, createAs(path, at), len(path)+len(at.data))
	}
	if err := w.run(ctx, source); err != nil {
		return err
	}
	return writes.flush(ctx)
}

// moving is a subtree that is to go elsewhere.
type moving struct {
	source, target string
	// paths are those of the source, parents first, with their versions.
	paths    []string
	versions []int32
	bytes    int
}

// move copies a subtree and deletes it. What fits one multi moves at once, or not at all if
// any of it was changed meanwhile; more than that moves in parts, as is told before it
// begins.
func move(ctx context.Context, s *Shell, p *parsed) error {
	source, target, err := twoPaths(p)
	if err != nil {
		return err
	}
	if source == "/" || within(source, ownSubtree) {
		return failed("%s cannot be moved", source)
	}
	m := moving{source: source, target: target}
	if err := m.look(ctx, s); err != nil {
		return err
	}
	if 2*len(m.paths) <= partOpsMax && m.bytes <= partBytesMax {
		return m.atOnce(ctx, s)
	}
	s.complain("not atomic: %d znodes move in parts; until all are moved others see some of them "+
		"at both places, and if it breaks off they remain there\n", len(m.paths))
	return m.inParts(ctx, s)
}

// look finds out how much there is, and refuses what cannot move.
func (m *moving) look(ctx context.Context, s *Shell) error {
	w := walk{shell: s, depthMax: -1}
	w.visit = func(at *found) error {
		m.paths = append(m.paths, at.path)
		m.versions = append(m.versions, at.stat.Version)
		m.bytes += 2*(len(at.path)+opBytes) + len(m.target) + int(at.stat.DataLength)
		return m.refuse(at)
	}
	return w.run(ctx, m.source)
}

func (m *moving) refuse(at *found) error {
	if at.mode == zoo.Ephemeral {
		return failed("%s is an ephemeral znode of session %s, which cannot move", at.path,
			hex(at.stat.EphemeralOwner))
	}
	return nil
}

func (m *moving) atOnce(ctx context.Context, s *Shell) error {
	var creates, deletes []client.Op
	w := walk{shell: s, whole: true, depthMax: -1}
	w.visit = func(at *found) error {
		path := join(m.target, relative(m.source, at.path))
		creates = append(creates, createAs(path, at))
		deletes = append(deletes, client.DeleteOp(at.path, at.stat.Version))
		return m.refuse(at)
	}
	if err := w.run(ctx, m.source); err != nil {
		return err
	}
	slices.Reverse(deletes)
	_, err := s.client.Multi(ctx, append(creates, deletes...)...)
	return err
}

// inParts copies first. What was changed since it was looked at stays, with all above it.
func (m *moving) inParts(ctx context.Context, s *Shell) error {
	if err := s.copyTree(ctx, m.source, m.target, -1, m.refuse); err != nil {
		return err
	}
	deletes := &parts{shell: s}
	var err error
	for i := len(m.paths) - 1; i >= 0 && err == nil; i-- {
		op := client.DeleteOp(m.paths[i], m.versions[i])
		err = deletes.add(ctx, op, len(m.paths[i]))
	}
	if err == nil {
		err = deletes.flush(ctx)
	}
	if err != nil {
		return errors.Join(err, failed("%s is a whole copy; of %s something was changed "+
			"meanwhile, and the rest of it is there still", m.target, m.source))
	}
	return nil
}

// removeSome deletes znodes, with -r with all below them.
func removeSome(ctx context.Context, s *Shell, p *parsed) error {
	version, err := versionOption(p)
	if err != nil {
		return err
	}
	if p.has("r") && p.has("v") {
		return failed("-v is of one znode, and cannot be combined with -r")
	}
	for _, path := range p.args[1:] {
		if err := checkPath(path); err != nil {
			return err
		}
		if path == "/" || path == ownSubtree {
			return failed("%s cannot be deleted", path)
		}
	}
	for _, path := range p.args[1:] {
		if !p.has("r") {
			if err := s.client.Delete(ctx, path, version); err != nil {
				return err
			}
			continue
		}
		if err := s.removeTree(ctx, path); err != nil {
			return err
		}
	}
	return nil
}

func (s *Shell) removeTree(ctx context.Context, path string) error {
	count := s.progress("deleted")
	defer count.end()
	gone, err := removal{s, batchDefault, count}.tree(ctx, path)
	if err == nil && !gone {
		return failed("not all of %s could be deleted", path)
	}
	return err
}
