package main

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/alecthomas/kong"

	"zoo"
	"zoo/internal/disk/vfs"
	"zoo/internal/inspect"
	"zoo/internal/inspect/toolkit"
)

// toolkitCommand is what Java's scripts of these names stand for in dist/bin.
type toolkitCommand struct {
	Txnlog   toolkitTxnlogCommand   `cmd:"" passthrough:"" help:"As zkTxnLogToolkit.sh."`
	Snapshot toolkitSnapshotCommand `cmd:"" passthrough:"" help:"As zkSnapShotToolkit.sh."`
	Purge    toolkitPurgeCommand    `cmd:"" passthrough:"" help:"As zkCleanup.sh."`
}

type toolkitTxnlogCommand struct {
	Args []string `arg:"" optional:""`
}

// txnlogOptions are Java's.
type txnlogOptions struct {
	Help    bool     `short:"h" help:"Print help message."`
	Recover bool     `short:"r" help:"Recovery mode: write FILE.fixed with the checksums of broken entries computed anew."`
	Verbose bool     `short:"v" help:"In recovery mode, print all entries, not just fixed ones."`
	Dump    bool     `short:"d" help:"Dump mode: print all entries (default)."`
	Yes     bool     `short:"y" help:"Repair all checksums without asking."`
	Chop    bool     `short:"c" help:"Chop mode: write FILE.chopped<zxid>, which ends with a zxid."`
	Zxid    string   `short:"z" help:"The zxid to chop to, decimal or with 0x."`
	Files   []string `arg:"" optional:""`
}

// Run reads Java's options, also joined ones, and does as its tool does.
func (c *toolkitTxnlogCommand) Run(m *Main) error {
	var o txnlogOptions
	parser, err := kong.New(&o, kong.Name("zkTxnLogToolkit.sh"), kong.NoDefaultHelp())
	if err != nil {
		return err
	}
	if _, err := parser.Parse(c.Args); err != nil {
		fmt.Fprintf(m.Stderr, "%v\n\n", err)
		return c.usage(m, exitError)
	}
	if o.Help {
		return c.usage(m, exitOK)
	}
	if len(o.Files) < 1 {
		return c.usage(m, exitError)
	}
	t := toolkit.TxnLog{Disk: vfs.OS{}, File: o.Files[0], Recover: o.Recover, Verbose: o.Verbose,
		Yes: o.Yes, Answer: bufio.NewReader(os.Stdin)}
	if o.Chop && o.Zxid != "" {
		n, err := strconv.ParseInt(o.Zxid, 0, 64)
		if err != nil {
			return fmt.Errorf("zxid %q: %w", o.Zxid, err)
		}
		z := zoo.Zxid(n)
		t.Chop = &z
	}
	out := bufio.NewWriter(m.Stdout)
	t.Out = out
	if o.Recover && !o.Yes {
		t.Out = m.Stdout // questions must be seen before they are answered
	}
	err = t.Run()
	if flush := out.Flush(); err == nil {
		err = flush
	}
	return err
}

func (c *toolkitTxnlogCommand) usage(m *Main, code int) error {
	fmt.Fprint(m.Stdout, `usage: TxnLogToolkit [-dhrvc] <txn_log_file_name> (-z <zxid>)
 -c,--chop         write <file>.chopped<zxid>, which ends with a zxid
 -d,--dump         print all entries of the log (default)
 -h,--help         print this
 -r,--recover      write <file>.fixed, with the checksums of broken entries computed anew
 -v,--verbose      with -r, print all entries, not only those fixed
 -y,--yes          with -r, fix all checksums without asking
 -z,--zxid <arg>   the zxid for -c
`)
	if code == exitOK {
		return nil
	}
	return exitCode(code)
}

type toolkitSnapshotCommand struct {
	Args []string `arg:"" optional:""`
}

// Run reads Java's options and does as its tool does.
func (c *toolkitSnapshotCommand) Run(m *Main) error {
	s := toolkit.Snapshot{Disk: vfs.OS{}, Out: m.Stdout, Now: time.Now()}
	args := c.Args
	for len(args) > 0 && (args[0] == "-d" || args[0] == "-json") {
		s.Data = s.Data || args[0] == "-d"
		s.JSON = s.JSON || args[0] == "-json"
		args = args[1:]
	}
	if len(args) != 1 {
		fmt.Fprint(m.Stderr, "USAGE: SnapshotFormatter [-d|-json] snapshot_file\n"+
			"       -d dump the data for each znode\n"+
			"       -json dump znode info in json format\n")
		return exitCode(exitUsage)
	}
	if s.Data && s.JSON {
		fmt.Fprintln(m.Stderr,
			"Cannot specify both data dump (-d) and json mode (-json) in same call")
		return exitCode(exitUsage)
	}
	if info, err := s.Disk.Stat(args[0]); err != nil || info.Dir {
		fmt.Fprintf(m.Stderr, "File '%s' does not exist or is no file.\n", args[0])
		return exitCode(exitUsage)
	}
	files, err := inspect.Snapshots(s.Disk, args[0])
	if err != nil {
		return err
	}
	s.File = files[0]
	return s.Run()
}

type toolkitPurgeCommand struct {
	Args []string `arg:"" optional:""`
}

// Run removes what is older than the newest snapshots that -n says.
func (c *toolkitPurgeCommand) Run(m *Main) error {
	dirs, count, err := toolkit.PurgeArguments(vfs.OS{}, c.Args)
	if err != nil {
		fmt.Fprintln(m.Stderr, err)
		fmt.Fprint(m.Stdout, "Usage:\nPurgeTxnLog dataLogDir [snapDir] -n count\n"+
			"\tdataLogDir -- path to the txn log directory\n"+
			"\tsnapDir -- path to the snapshot directory\n\tcount -- the number of old "+
			"snaps/logs you want to keep, value should be greater than or equal to 3\n")
		return exitCode(exitError)
	}
	return toolkit.Purge(vfs.OS{}, dirs, count, m.Stdout, time.Now())
}
