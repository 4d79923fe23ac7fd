package shell

import (
	"context"
	"errors"
	"slices"

	"zoo"
	"zoo/client"
)

// page lists children behind a name, sorted: a page where the server has them, and all
// where it has not, as Java's.
func (s *Shell) page(ctx context.Context, path string, p client.Page) (
	names []string, more bool, stat zoo.Stat, err error) {
	if s.unpaged.Load() != s.client {
		names, more, stat, err = s.client.ChildrenPage(ctx, path, p)
		if !errors.Is(err, zoo.CodeUnimplemented) {
			return names, more, stat, err
		}
		s.unpaged.Store(s.client)
	}
	names, stat, err = s.client.Children(ctx, path, p.Watcher)
	slices.Sort(names)
	names = slices.DeleteFunc(names, func(name string) bool { return name <= p.After })
	return names, false, stat, err
}

// eachPage visits the names of children page by page, once at least.
func (s *Shell) eachPage(ctx context.Context, path string, p client.Page,
	visit func(names []string, stat zoo.Stat) error) error {
	for more := true; more; p.Watcher = nil {
		var names []string
		var stat zoo.Stat
		var err error
		names, more, stat, err = s.page(ctx, path, p)
		if err == nil {
			err = visit(names, stat)
		}
		if err != nil {
			return err
		}
		if len(names) > 0 {
			p.After = names[len(names)-1]
		}
	}
	return nil
}

// children gives the sorted names of all children.
func (s *Shell) children(ctx context.Context, path string) (all []string, err error) {
	err = s.eachPage(ctx, path, client.Page{}, func(names []string, _ zoo.Stat) error {
		all = append(all, names...)
		return nil
	})
	return all, err
}

// removal deletes a subtree in batches, of which each goes as a whole or stays; the next
// ones are tried in any case.
type removal struct {
	shell *Shell
	batch int
	count *progress
}

// tree deletes a path and all below it; false tells that some of it is left. It lists all
// there is before it begins, but for families of more than a page.
func (r removal) tree(ctx context.Context, path string) (gone bool, err error) {
	gone = true
	paths, large, err := r.subtree(ctx, path)
	if err != nil {
		return false, err
	}
	for _, parent := range large {
		empty, err := r.family(ctx, parent)
		if err != nil {
			return false, err
		}
		gone = gone && empty
	}
	slices.Reverse(paths)
	for part := range slices.Chunk(paths, r.batch) {
		_, err := r.delete(ctx, part)
		gone = gone && err == nil
	}
	return gone, nil
}

// subtree lists a path and what is below it, parents first. What is below a parent with
// more than one page of children is left out, and the parent is among the large.
func (r removal) subtree(ctx context.Context, path string) (all, large []string, err error) {
	all = []string{path}
	for i := 0; i < len(all); i++ {
		parent := all[i]
		names, more, _, err := r.shell.page(ctx, parent, client.Page{})
		if err != nil {
			return nil, nil, err
		}
		if more {
			large = append(large, parent)
			continue
		}
		for _, name := range names {
			all = append(all, below(parent, name))
		}
	}
	return all, large, nil
}

// family deletes all below a large parent, page by page. Most children of such are leaves,
// so it does not ask each one whether it has children.
func (r removal) family(ctx context.Context, parent string) (gone bool, err error) {
	gone = true
	err = r.shell.eachPage(ctx, parent, client.Page{}, func(names []string, _ zoo.Stat) error {
		for part := range slices.Chunk(names, r.batch) {
			paths := make([]string, len(part))
			for i, name := range part {
				paths[i] = below(parent, name)
			}
			empty, err := r.children(ctx, paths)
			if err != nil {
				return err
			}
			gone = gone && empty
		}
		return nil
	})
	return gone, err
}

// children deletes a batch of them. One that proves to have children itself is deleted
// with all below it first, and the others are tried again.
func (r removal) children(ctx context.Context, paths []string) (gone bool, err error) {
	gone = true
	for len(paths) > 0 {
		results, err := r.delete(ctx, paths)
		if err == nil {
			break
		}
		guilty := slices.IndexFunc(results, func(result client.OpResult) bool {
			return errors.Is(result.Err, zoo.CodeNotEmpty)
		})
		if guilty < 0 {
			return false, nil
		}
		empty, err := r.tree(ctx, paths[guilty])
		if err != nil {
			return false, err
		}
		gone = gone && empty
		paths = slices.Delete(paths, guilty, guilty+1)
	}
	return gone, nil
}

func (r removal) delete(ctx context.Context, paths []string) ([]client.OpResult, error) {
	ops := make([]client.Op, len(paths))
	for i, path := range paths {
		ops[i] = client.DeleteOp(path, client.AnyVersion)
	}
	results, err := r.shell.client.Multi(ctx, ops...)
	if err == nil {
		r.count.add(len(ops))
	}
	return results, err
}
