package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"zoo"
	"zoo/client"
	"zoo/internal/disk/backup"
	"zoo/internal/disk/vfs"
)

type backupListCommand struct {
	vault `embed:""`
}

// listing is what JSON has of a repository.
type listing struct {
	Repository backup.Mark      `json:"repository"`
	Ranges     []backup.Range   `json:"ranges"`
	Bases      []backup.Base    `json:"bases"`
	Segments   []backup.Segment `json:"segments"`
	Damaged    []string         `json:"damaged"`
}

// Run shows the bases and the ranges. It needs no key.
func (c *backupListCommand) Run(ctx context.Context, m *Main) error {
	repo, err := c.reader(ctx, "")
	if err != nil {
		return backupTrouble(err)
	}
	catalog, err := repo.Catalog(ctx)
	if err != nil {
		return backupTrouble(err)
	}
	list := listing{repo.Mark, catalog.Ranges(), catalog.Bases, catalog.Segments, []string{}}
	for _, err := range catalog.Damaged {
		list.Damaged = append(list.Damaged, err.Error())
	}
	if c.JSON {
		err = printJSON(m, list)
	} else {
		err = m.listing(list)
	}
	if err == nil && len(list.Damaged) > 0 {
		return exitFound
	}
	return err
}

func (m *Main) listing(l listing) error {
	t := tabwriter.NewWriter(m.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "BASE\tTAKEN\tBYTES\tFROM")
	for _, b := range l.Bases {
		fmt.Fprintf(t, "%v\t%s\t%d\t%s\n", zoo.Zxid(b.Zxid), b.Created.Format(time.RFC3339),
			b.Bytes, b.Source)
	}
	var bytes int64
	for _, s := range l.Segments {
		bytes += s.Bytes
	}
	fmt.Fprintf(t, "\nLOG\t%d segments\t%d bytes\n", len(l.Segments), bytes)
	fmt.Fprintln(t, "\nA RESTORE CAN GO\tFROM\tTO")
	for _, r := range l.Ranges {
		fmt.Fprintf(t, "by zxid\t%v\t%v\n", zoo.Zxid(r.First), zoo.Zxid(r.Last))
		fmt.Fprintf(t, "by time\t%s\t%s\n", r.From.Format(time.RFC3339),
			r.Until.Format(time.RFC3339))
	}
	err := t.Flush()
	for _, text := range l.Damaged {
		fmt.Fprintf(m.Stderr, "damaged: %s\n", text)
	}
	return err
}

type backupVerifyCommand struct {
	vault    `embed:""`
	Identity string `placeholder:"file" help:"The age identity of an encrypted repository. Without, only the stored bytes are checked."`
}

// Run reads everything.
func (c *backupVerifyCommand) Run(ctx context.Context, m *Main) error {
	repo, err := c.reader(ctx, c.Identity)
	if err != nil {
		return backupTrouble(err)
	}
	depth, told := backup.Full, "every snapshot and transaction was read, and every digest agrees"
	if repo.Sealed() && c.Identity == "" {
		depth, told = backup.Stored, "the stored bytes are what they were; "+
			"what is in them takes --identity"
	}
	tell, done := m.progress("verifying")
	repo.Tell(tell)
	report, err := repo.Verify(ctx, depth)
	done()
	if err != nil {
		return backupTrouble(err)
	}
	if c.JSON {
		err = printJSON(m, report)
	} else if len(report.Damaged) == 0 {
		fmt.Fprintf(m.Stdout, "good: %d objects, %d bytes: %s\n",
			report.Objects, report.Bytes, told)
	}
	for _, hole := range report.Holes {
		fmt.Fprintf(m.Stderr, "note: a hole: %v\n", hole)
	}
	for _, text := range report.Damaged {
		fmt.Fprintf(m.Stderr, "damaged: %s\n", text)
	}
	if err == nil && len(report.Damaged) > 0 {
		return exitFound
	}
	return err
}

type backupRestoreCommand struct {
	vault    `embed:""`
	Identity string     `placeholder:"file" help:"The age identity of an encrypted repository."`
	Zxid     *zxidFlag  `placeholder:"0x…" help:"Restore what was there after this transaction; without it and --time, the latest."`
	Time     *time.Time `placeholder:"2026-01-02T03:04:05Z" help:"Restore what was there at this time."`
	Subtree  string     `placeholder:"/path" help:"Restore only this znode, what is below it, and what leads to it."`

	DataDir      string `placeholder:"dir" help:"An empty dataDir to restore into."`
	LogDir       string `placeholder:"dir" help:"The dataLogDir that goes with it, if it is another one."`
	KeepSessions bool   `help:"With --data-dir: keep sessions and their ephemeral znodes. Without, all sessions have ended."`

	Server     string        `placeholder:"host:port,…" help:"A running ensemble to restore a --subtree into."`
	Into       string        `placeholder:"/path" help:"With --server: what the subtree is called there; as in the backup without."`
	Existing   string        `default:"" enum:",refuse,keep,replace" help:"With --server: what becomes of znodes that exist: refuse, which is the default, keep, or replace."`
	ClientAuth string        `name:"auth-file" placeholder:"file" help:"With --server: a file with what to authenticate as, such as: digest super:secret."`
	Patience   time.Duration `name:"connect-timeout" default:"30s" help:"With --server: how long it may take to let a client in."`
	Define     []string      `short:"D" sep:"none" placeholder:"name=value" help:"With --server: set a property of the client, as for zoo shell."`
}

// Run restores. Nothing is written before everything was read.
func (c *backupRestoreCommand) Run(ctx context.Context, m *Main) error {
	if err := c.check(); err != nil {
		return trouble{err}
	}
	place := backup.DataDir{FS: vfs.OS{}, Path: c.DataDir, LogPath: c.LogDir}
	if c.DataDir != "" {
		if err := place.CheckEmpty(); err != nil {
			return backupTrouble(err)
		}
	}
	repo, err := c.reader(ctx, c.Identity)
	if err != nil {
		return backupTrouble(err)
	}
	catalog, err := repo.Catalog(ctx)
	if err != nil {
		return backupTrouble(err)
	}
	for _, err := range catalog.Damaged {
		fmt.Fprintf(m.Stderr, "damaged: %v\n", err)
	}
	plan, err := catalog.Plan(c.point())
	if err != nil {
		return backupTrouble(err)
	}
	for _, note := range plan.Notes {
		fmt.Fprintf(m.Stderr, "note: %s\n", note)
	}
	tell, done := m.progress("reading")
	repo.Tell(tell)
	replayed, err := repo.Replay(ctx, plan)
	done()
	if err != nil {
		return backupTrouble(err)
	}
	if c.DataDir != "" {
		return backupTrouble(c.intoDirectory(m, place, plan, replayed))
	}
	return backupTrouble(c.intoEnsemble(ctx, m, replayed))
}

// point is what was asked for, be it of no transaction that there can be.
func (c *backupRestoreCommand) point() backup.Point {
	switch {
	case c.Zxid != nil:
		return backup.Point{Given: true, Zxid: zoo.Zxid(*c.Zxid)}
	case c.Time != nil:
		return backup.Point{Given: true, Time: *c.Time}
	}
	return backup.Point{}
}

func (c *backupRestoreCommand) check() error {
	switch {
	case (c.DataDir == "") == (c.Server == ""):
		return errors.New("give --data-dir, or --server with --subtree")
	case c.Zxid != nil && c.Time != nil:
		return errors.New("give --zxid or --time, not both")
	case c.Patience <= 0:
		return errors.New("--connect-timeout must be more than 0")
	case c.Server != "" && strings.TrimSuffix(c.Subtree, "/") == "":
		return errors.New("--server takes one --subtree, not everything; to replace everything " +
			"stop the ensemble and restore with --data-dir")
	}
	if err := c.fitting(); err != nil {
		return err
	}
	for _, f := range []struct{ flag, path string }{
		{"--subtree", c.Subtree}, {"--into", c.Into},
	} {
		if f.path == "" {
			continue
		}
		if err := zoo.ValidatePath(f.path); err != nil {
			return fmt.Errorf("%s: %w", f.flag, err)
		}
	}
	if c.Into == "/" {
		return errors.New("--into /: name the znode that the subtree becomes, such as /app")
	}
	return nil
}

// fitting refuses flags that would have no effect where the restore goes.
func (c *backupRestoreCommand) fitting() error {
	idle, place := map[string]bool{
		"--into": c.Into != "", "--existing": c.Existing != "",
		"--auth-file": c.ClientAuth != "", "-D": len(c.Define) > 0,
	}, "--server"
	if c.Server != "" {
		idle, place = map[string]bool{
			"--log-dir": c.LogDir != "", "--keep-sessions": c.KeepSessions,
		}, "--data-dir"
	}
	for _, flag := range slices.Sorted(maps.Keys(idle)) {
		if idle[flag] {
			return fmt.Errorf("%s is for a restore with %s", flag, place)
		}
	}
	return nil
}

// restored is what JSON has of a restore into a directory.
type restored struct {
	Zxid     backup.Hex `json:"zxid"`
	Time     *time.Time `json:"time,omitempty"`
	Dir      string     `json:"dir"`
	Snapshot backup.Hex `json:"snapshot"`
	Epoch    zoo.Epoch  `json:"epoch"`
	Znodes   int        `json:"znodes"`
	Sessions int        `json:"sessions"`
	Next     []string   `json:"next"`
}

func (c *backupRestoreCommand) intoDirectory(
	m *Main, place backup.DataDir, plan backup.Plan, from backup.Replayed,
) error {
	choice := backup.Choice{Subtree: c.Subtree, Sessions: c.KeepSessions}
	chosen, err := backup.Select(from.Tree, choice)
	if err != nil {
		return err
	}
	done, err := place.Write(chosen, plan.Epoch)
	if err != nil {
		return err
	}
	report := restored{
		Zxid: backup.Hex(from.Zxid), Dir: done.Dir, Snapshot: backup.Hex(done.Zxid),
		Epoch: done.Epoch, Znodes: done.Znodes, Sessions: chosen.SessionCount(),
		Next: c.next(done),
	}
	if !from.Time.IsZero() {
		report.Time = &from.Time
	}
	if c.JSON {
		return printJSON(m, report)
	}
	at := ""
	if report.Time != nil {
		at = " of " + from.Time.Format(time.RFC3339)
	}
	fmt.Fprintf(m.Stdout, "restored %v%s: %d znodes, %d sessions, in %s\n"+
		"The servers begin with it as %v, a new epoch.\n\nBefore any server starts:\n",
		from.Zxid, at, report.Znodes, report.Sessions, done.Dir, done.Zxid)
	for i, step := range report.Next {
		fmt.Fprintf(m.Stdout, "%d. %s\n", i+1, step)
	}
	return nil
}

// next is what the operator has to do with the other members. An empty majority could
// elect one of its own, and the restored history would be nobody's.
func (c *backupRestoreCommand) next(done backup.Restored) []string {
	dirs := "dataDir"
	if c.LogDir != "" {
		dirs = "dataDir, and that of dataLogDir,"
	}
	return []string{
		"Stop all servers of the ensemble, observers too.",
		"On every server move the directory version-2 of " + dirs + " away. Keep it until the " +
			"ensemble serves. Leave myid where it is.",
		"On every voting member put a copy of " + done.Dir + " in its place, the same files " +
			"on each. A member that starts with an empty directory is the danger: a majority " +
			"of such members could elect one of themselves, and the restored data be lost.",
		"Start all voting members, then the observers, which may start empty.",
		"Make a new base with zoo backup create when the ensemble serves: the archive " +
			"cannot continue across a restore.",
	}
}

func (c *backupRestoreCommand) intoEnsemble(
	ctx context.Context, m *Main, from backup.Replayed,
) error {
	opts, err := c.clientOptions(m)
	if err != nil {
		return err
	}
	conn, err := c.dial(ctx, opts)
	if err != nil {
		return err
	}
	graft := backup.Graft{Subtree: c.Subtree, Into: c.Into, Existing: c.existing()}
	done, err := graft.Graft(ctx, from.Tree, ensemble{conn})
	err = errors.Join(err, conn.Close(context.WithoutCancel(ctx)))
	if err != nil && done.Created+done.Replaced > 0 {
		err = fmt.Errorf("after %d created and %d replaced: %w", done.Created, done.Replaced, err)
	}
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(m, struct {
			Zxid backup.Hex `json:"zxid"`
			backup.Grafted
		}{backup.Hex(from.Zxid), done})
	}
	fmt.Fprintf(m.Stdout, "restored %s of %v: %d created, %d replaced, %d kept as they are, "+
		"%d ephemeral znodes left out\n", c.Subtree, from.Zxid, done.Created, done.Replaced,
		done.Kept, done.Ephemeral)
	return nil
}

func (c *backupRestoreCommand) existing() backup.Existing {
	return cmp.Or(backup.Existing(c.Existing), backup.Refuse)
}

func (c *backupRestoreCommand) dial(
	ctx context.Context, opts client.Options,
) (*client.Client, error) {
	patient, cancel := context.WithTimeout(ctx, c.Patience)
	defer cancel()
	conn, err := client.Dial(patient, opts)
	if err != nil {
		return nil, fmt.Errorf("connect to %s, for %v at most: %w", c.Server, c.Patience, err)
	}
	return conn, nil
}

func (c *backupRestoreCommand) clientOptions(m *Main) (client.Options, error) {
	var args []string
	for _, d := range c.Define {
		args = append(args, "-D"+d)
	}
	set, _ := definitions(args)
	opts, err := set.options(m.Stderr)
	if err != nil {
		return opts, err
	}
	if opts.Servers, opts.Chroot, err = client.ParseConnectString(c.Server); err != nil {
		return opts, err
	}
	if c.ClientAuth == "" {
		return opts, nil
	}
	text, err := os.ReadFile(c.ClientAuth)
	if err != nil {
		return opts, fmt.Errorf("--auth-file: %w", err)
	}
	scheme, identity, _ := strings.Cut(strings.TrimSpace(string(text)), " ")
	opts.Auth = []client.Auth{{Scheme: scheme, Data: []byte(identity)}}
	return opts, nil
}

// ensemble is a running one, as a restore needs it.
type ensemble struct{ *client.Client }

// Create makes all znodes or none.
func (e ensemble) Create(ctx context.Context, nodes []backup.Znode) error {
	ops := make([]client.Op, len(nodes))
	for i, n := range nodes {
		ops[i] = client.CreateOp(n.Path, n.Data, client.CreateOptions{
			Mode: n.Mode, ACL: n.ACL, TTLMillis: n.TTLMillis})
	}
	_, err := e.Multi(ctx, ops...)
	return err
}

// Replace sets data and ACL.
func (e ensemble) Replace(ctx context.Context, n backup.Znode) error {
	_, err := e.Set(ctx, n.Path, n.Data, client.AnyVersion)
	if err == nil {
		_, err = e.SetACL(ctx, n.Path, n.ACL, client.AnyVersion)
	}
	return err
}
