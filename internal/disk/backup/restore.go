package backup

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"zoo"
	"zoo/internal/core/tree"
	"zoo/internal/disk/snapshot"
	"zoo/internal/disk/store"
	"zoo/internal/disk/vfs"
)

// Choice is what of a tree is restored.
type Choice struct {
	// Subtree is the path below which everything is restored, with the znodes above
	// it; "" or "/" is all.
	Subtree string
	// Sessions keeps the sessions and their ephemerals. Without, the tree is as if
	// all sessions had ended.
	Sessions bool
}

func (c Choice) everything() bool { return c.root() == "" && c.Sessions }

func (c Choice) root() string { return strings.TrimSuffix(c.Subtree, "/") }

// The znodes of the system, which every tree has.
const (
	systemPath = "/zookeeper"
	quotaPath  = "/zookeeper/quota"
)

// includes tells whether a znode is part of the choice: those of the subtree, those
// above it, and the system's, of the quotas only those of the subtree.
func (c Choice) includes(path string) bool {
	root := c.root()
	if about, ok := strings.CutPrefix(path, quotaPath); ok && about != "" {
		path = about
	} else if path == systemPath || strings.HasPrefix(path, systemPath+"/") {
		return true
	}
	return within(path, root) || within(root, path)
}

// within tells whether path is root or lies below it.
func within(path, root string) bool {
	return root == "" || path == root || strings.HasPrefix(path, root+"/")
}

// ErrNoSubtree means that the tree did not have the chosen znode.
var ErrNoSubtree = errors.New("no such znode at that point")

// Select gives the tree that is chosen of t, which is not used any more.
func Select(t *tree.Tree, c Choice) (*tree.Tree, error) {
	if _, found := t.Lookup(c.root()); !found {
		return nil, fmt.Errorf("%s: %w", c.Subtree, ErrNoSubtree)
	}
	if c.everything() {
		return t, nil
	}
	frozen := t.Freeze()
	defer frozen.Close()
	s := selection{Choice: c, loader: tree.NewLoader(), open: map[zoo.SessionID]bool{}}
	for _, l := range frozen.ACLs() {
		s.loader.ACL(l.Index, l.ACL)
	}
	for _, open := range frozen.Sessions() {
		s.open[open.ID] = true
		if c.Sessions {
			s.loader.Session(open.ID, open.TimeoutMillis)
		}
	}
	for frozen.Next(1024, s.node) {
	}
	if s.err != nil {
		return nil, s.err
	}
	return s.loader.Finish(t.Zxid())
}

// selection copies the znodes of a choice.
type selection struct {
	Choice
	loader *tree.Loader
	open   map[zoo.SessionID]bool
	err    error
}

func (s *selection) node(n tree.FrozenNode) {
	if s.err != nil || !s.includes(n.Path) {
		return
	}
	if !s.Sessions && s.ephemeral(n.Stat.EphemeralOwner) {
		return
	}
	s.err = s.loader.Node(n.Path, n.Data, n.ACLIndex, &n.Stat)
}

// ephemeral tells whether an owner is a session. Which znodes have a time to live is
// a matter of the server's settings; here all are taken for that which look like it
// and are no session's.
func (s *selection) ephemeral(owner zoo.SessionID) bool {
	return s.open[owner] || tree.Types{Extended: true}.Of(owner) == tree.OwnerSession
}

// ErrNotEmpty means that a directory has something in it that a restore must not
// mix with.
var ErrNotEmpty = errors.New("the directory is not empty")

// tolerated may be in a directory that is restored into.
var tolerated = map[string]bool{"myid": true, "initialize": true, "lost+found": true}

// CheckEmpty refuses a data directory with anything of a server in it. Both
// directories may be missing.
func (d DataDir) CheckEmpty() error {
	for _, dir := range []string{d.Path, d.LogPath} {
		if dir == "" {
			continue
		}
		for _, at := range []string{dir, store.VersionDir(dir)} {
			if err := checkEmpty(d.FS, at); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkEmpty(disk vfs.FS, dir string) error {
	names, err := disk.List(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look into %s: %w", dir, err)
	}
	for _, name := range names {
		if !tolerated[name] && name != filepath.Base(store.VersionDir(dir)) {
			return fmt.Errorf("%w: %s has %s: move what is there away, all of it, and try again",
				ErrNotEmpty, dir, name)
		}
	}
	return nil
}

// Restored is what Write wrote.
type Restored struct {
	Dir string
	// Zxid names the snapshot: the start of Epoch, which is new.
	Zxid   zoo.Zxid
	Epoch  zoo.Epoch
	Znodes int
}

// Write makes an empty data directory one that begins with the tree. The snapshot
// is of the start of a new epoch: so no transaction number that the history had beyond
// the point is given away again, and clients that saw later ones are not turned away.
//
// The epochs go first: with them and no snapshot, which is what a crash in between
// leaves, a server refuses to start.
func (d DataDir) Write(t *tree.Tree, epoch zoo.Epoch) (Restored, error) {
	done := Restored{Dir: store.VersionDir(d.Path), Zxid: epoch.Start(), Epoch: epoch}
	if err := d.CheckEmpty(); err != nil {
		return done, err
	}
	made, err := d.write(t, &done)
	if err != nil {
		return done, errors.Join(err, d.undo(made))
	}
	return done, nil
}

// write gives the names of what it has made, also if it fails.
func (d DataDir) write(t *tree.Tree, done *Restored) (made []string, err error) {
	if err := d.FS.MkdirAll(done.Dir); err != nil {
		return nil, err
	}
	for _, name := range []string{"acceptedEpoch", "currentEpoch"} {
		path := filepath.Join(done.Dir, name)
		err := writeNew(d.FS, path, strconv.FormatInt(int64(done.Epoch), 10))
		if !errors.Is(err, fs.ErrExist) {
			made = append(made, name)
		}
		if err != nil {
			return made, fmt.Errorf("write %s: %w", path, err)
		}
	}
	if err := d.FS.SyncDir(done.Dir); err != nil {
		return made, err
	}
	t.SetZxid(done.Zxid)
	done.Znodes = t.Len()
	frozen := t.Freeze()
	defer frozen.Close()
	source := snapshot.Source{Frozen: frozen, Lock: snapshot.NoLock{}}
	made = append(made, snapshot.Name(done.Zxid), snapshot.UnfinishedName(done.Zxid))
	return made, snapshot.Write(d.FS, done.Dir, source)
}

// undo removes what a failed restore has made, the epochs last, so that the restore can
// be tried again.
func (d DataDir) undo(made []string) error {
	dir := store.VersionDir(d.Path)
	for _, name := range slices.Backward(made) {
		err := d.FS.Remove(filepath.Join(dir, name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s holds a restore that failed: move it away: %w", dir, err)
		}
	}
	if len(made) == 0 {
		return nil
	}
	return d.FS.SyncDir(dir)
}

func writeNew(disk vfs.FS, path, content string) error {
	f, err := disk.CreateNew(path)
	if err != nil {
		return err
	}
	_, err = f.Write([]byte(content))
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}
