package shell

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"zoo"
	"zoo/client"
)

// codeOf is the code in an error of the client.
func codeOf(err error) zoo.Code {
	var detail *client.Error
	if errors.As(err, &detail) {
		return detail.Code
	}
	return zoo.CodeSystemError
}

func create(ctx context.Context, s *Shell, p *parsed) error {
	opts, err := createOptions(p)
	if err != nil {
		return err
	}
	path, data, rest, err := s.newData(p)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		opts.ACL = s.parseACL(rest[0])
	}
	if opts.ACL != nil && len(opts.ACL) == 0 {
		return s.invalidACL("")
	}
	pathAsNamed := path
	if opts.Mode.IsSequential() {
		pathAsNamed += "1"
	}
	if err := checkPath(pathAsNamed); err != nil {
		return err
	}
	made, err := s.client.Create(ctx, path, data, opts)
	switch codeOf(err) {
	case zoo.CodeInvalidACL:
		return s.invalidACL(path)
	case zoo.CodeEphemeralOnLocalSession:
		s.complain("Unable to create ephemeral node on a local session\n")
	}
	if err != nil {
		return err
	}
	done, err := s.told(p, row{{"path", made}})
	if !done {
		s.complain("Created %s\n", made)
	}
	return err
}

// newData is the path of a new znode, its data, and what of the arguments is behind them.
func (s *Shell) newData(p *parsed) (path string, data []byte, rest []string, err error) {
	path, rest = p.args[1], p.args[2:]
	name, elsewhere := p.values["-in"]
	switch {
	case elsewhere:
		data, err = s.take(name)
	case len(rest) > 0:
		data, rest = []byte(rest[0]), rest[1:]
	}
	return path, data, rest, err
}

// invalidACL says it twice, as zkCli does: in ZooKeeper's words and in its own. A path
// that nobody was asked about is null.
func (s *Shell) invalidACL(path string) error {
	s.complain("%s\n", message(zoo.CodeInvalidACL, path))
	if path == "" {
		path = "null"
	}
	return failed(phrases[zoo.CodeInvalidACL], path)
}

// createOptions finds the mode.
func createOptions(p *parsed) (client.CreateOptions, error) {
	var opts client.CreateOptions
	sequential, ephemeral := p.has("s"), p.has("e")
	text, ttl := p.values["t"]
	switch {
	case p.has("c") && (sequential || ephemeral):
		return opts, failed("-c cannot be combined with -s or -e. " +
			"Containers cannot be ephemeral or sequential.")
	case ttl && ephemeral:
		return opts, failed("TTLs cannot be used with Ephemeral znodes")
	case ttl && p.has("c"):
		return opts, failed("TTLs cannot be used with Container znodes")
	case p.has("c"):
		opts.Mode = zoo.Container
	case ttl && sequential:
		opts.Mode = zoo.PersistentSequentialTTL
	case ttl:
		opts.Mode = zoo.PersistentTTL
	case sequential && ephemeral:
		opts.Mode = zoo.EphemeralSequential
	case sequential:
		opts.Mode = zoo.PersistentSequential
	case ephemeral:
		opts.Mode = zoo.Ephemeral
	}
	if !ttl {
		return opts, nil
	}
	var err error
	if opts.TTLMillis, err = strconv.ParseInt(text, 10, 64); err != nil {
		return opts, failed("-t argument must be a long value")
	}
	if opts.TTLMillis <= 0 || opts.TTLMillis > zoo.TTLMax {
		return opts, failed("ttl must be positive and cannot be larger than: %d", zoo.TTLMax)
	}
	return opts, nil
}

// parseACL reads scheme:id:perm,…. What has not this form is told and left out.
func (s *Shell) parseACL(text string) []zoo.ACL {
	acl := []zoo.ACL{}
	for entry := range strings.SplitSeq(text, ",") {
		scheme, rest, _ := strings.Cut(entry, ":")
		at := strings.LastIndexByte(rest, ':')
		if at < 0 {
			s.complain("%s does not have the form scheme:id:perm\n", entry)
			continue
		}
		id := zoo.ID{Scheme: scheme, ID: rest[:at]}
		acl = append(acl, zoo.ACL{ID: id, Perms: s.parsePerms(rest[at+1:])})
	}
	return acl
}

func (s *Shell) parsePerms(text string) zoo.Perms {
	var perms zoo.Perms
	for _, letter := range text {
		perm := zoo.PermOf(letter)
		if perm == 0 {
			s.complain("Unknown perm type: %c\n", letter)
		}
		perms |= perm
	}
	return perms
}

// versionOption is the value of -v, or -1.
func versionOption(p *parsed) (int32, error) {
	text, ok := p.values["v"]
	if !ok {
		return client.AnyVersion, nil
	}
	v, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		return 0, failed("For input string: %q", text)
	}
	return int32(v), nil
}

func set(ctx context.Context, s *Shell, p *parsed) error {
	path, data, _, err := s.newData(p)
	if err != nil {
		return err
	}
	version, err := versionOption(p)
	if err != nil {
		return err
	}
	if p.has("b") {
		if data, err = base64.StdEncoding.DecodeString(string(data)); err != nil {
			return failed("the data is not base64: %v", err)
		}
	}
	if err := checkPath(path); err != nil {
		return err
	}
	stat, err := s.client.Set(ctx, path, data, version)
	if err != nil {
		return err
	}
	return s.tellStat(p, path, stat)
}

// tellStat is the answer to a change: the new Stat, if it is asked for.
func (s *Shell) tellStat(p *parsed, path string, stat zoo.Stat) error {
	done, err := s.told(p, slices.Concat(row{{"path", path}}, statColumns(stat)))
	if !done {
		s.statIf(p, stat)
	}
	return err
}

func remove(ctx context.Context, s *Shell, p *parsed) error {
	if len(p.args) > 2 {
		s.complain("'delete path [version]' has been deprecated. " +
			"Please use 'delete [-v version] path' instead.\n")
	}
	version, err := versionOption(p)
	if err != nil {
		return err
	}
	if err := checkPath(p.args[1]); err != nil {
		return err
	}
	return s.client.Delete(ctx, p.args[1], version)
}

// batchDefault is how many znodes are deleted at once.
const batchDefault = 1000

func removeAll(ctx context.Context, s *Shell, p *parsed) error {
	batch := batchDefault
	if text, ok := p.values["b"]; ok {
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil {
			return failed("-b argument must be an int value")
		}
		batch = max(1, int(n))
	}
	path := p.args[1]
	if err := checkPath(path); err != nil {
		return err
	}
	count := s.progress("deleted")
	defer count.end()
	gone, err := removal{s, batch, count}.tree(ctx, path)
	if err != nil {
		return err
	}
	if !gone {
		s.complain("Failed to delete some node(s) in the subtree!\n")
	}
	return nil
}

func setACL(ctx context.Context, s *Shell, p *parsed) error {
	path, acl := p.args[1], s.parseACL(p.args[2])
	version, err := versionOption(p)
	if err != nil {
		return err
	}
	if err := checkPath(path); err != nil {
		return err
	}
	if len(acl) == 0 {
		return failed(phrases[zoo.CodeInvalidACL], "null")
	}
	if p.has("R") {
		return s.visit(ctx, path, func(path string) error {
			if _, err := s.client.SetACL(ctx, path, acl, version); err != nil {
				// What cannot be changed is told here and passed over.
				s.print("%s", message(codeOf(err), path))
			}
			return nil
		})
	}
	stat, err := s.client.SetACL(ctx, path, acl, version)
	if err != nil {
		return err
	}
	return s.tellStat(p, path, stat)
}

func addAuth(ctx context.Context, s *Shell, p *parsed) error {
	a := client.Auth{Scheme: p.args[1]}
	if len(p.args) > 2 {
		a.Data = []byte(p.args[2])
	}
	// A refusal ends the session, and that is what is told.
	if err := s.client.AddAuth(ctx, a); codeOf(err) != zoo.CodeAuthFailed {
		return err
	}
	return nil
}

func closeSession(ctx context.Context, s *Shell, _ *parsed) error {
	return ignoreLoss(s.client.Close(ctx))
}

var watchModes = map[string]zoo.AddWatchMode{
	"PERSISTENT": zoo.WatchPersistent, "PERSISTENT_RECURSIVE": zoo.WatchPersistentRecursive}

func addWatch(ctx context.Context, s *Shell, p *parsed) error {
	mode := zoo.WatchPersistentRecursive
	if name, ok := p.values["m"]; ok {
		if mode, ok = watchModes[name]; !ok {
			return failed("%s", mustFind("addWatch").line())
		}
	}
	if err := checkPath(p.args[1]); err != nil {
		return err
	}
	return s.client.AddWatch(ctx, p.args[1], mode, (*watcher)(s))
}

func removeWatches(ctx context.Context, s *Shell, p *parsed) error {
	removal := client.Removal{Type: zoo.WatcherAny, Local: p.has("l")}
	for name, t := range map[string]zoo.WatcherType{"c": zoo.WatcherChildren,
		"d": zoo.WatcherData, "p": zoo.WatcherPersistent, "r": zoo.WatcherPersistentRecursive} {
		if p.has(name) {
			removal.Type = t
		}
	}
	if err := checkPath(p.args[1]); err != nil {
		return err
	}
	return s.client.RemoveWatches(ctx, p.args[1], removal)
}

// versionHex reads the version of a configuration.
func versionHex(p *parsed) (int64, error) {
	text, ok := p.values["v"]
	if !ok {
		return -1, nil
	}
	v, err := strconv.ParseInt(text, 16, 64)
	if err != nil {
		return 0, failed("-v must be followed by a long (configuration version)")
	}
	return v, nil
}

func reconfigure(ctx context.Context, s *Shell, p *parsed) error {
	incremental := p.has("add") || p.has("remove")
	whole := p.has("file") || p.has("members")
	if incremental && whole {
		return failed("Can't use -file or -members together with -add or -remove (mixing " +
			"incremental and non-incremental modes is not allowed)")
	}
	if p.has("file") && p.has("members") {
		return failed("Can't use -file and -members together (conflicting non-incremental modes)")
	}
	version, err := versionHex(p)
	if err != nil {
		return err
	}
	if !incremental && !whole {
		return failed("%s", mustFind("reconfig").line())
	}
	change := client.Reconfiguration{Joining: p.values["add"], Leaving: p.values["remove"],
		Members: p.values["members"], Version: version}
	if p.has("file") {
		if change.Members, err = s.members(p.values["file"]); err != nil {
			return failed("Error processing %s%v", p.values["file"], err)
		}
	}
	data, stat, err := s.client.Reconfig(ctx, change)
	if err != nil {
		var detail *client.Error
		if errors.As(err, &detail) {
			detail.Path = "" // ZooKeeper names none.
		}
		return err
	}
	done, err := s.told(p, slices.Concat(row{{"config", string(data)}}, statColumnsIf(p, stat)))
	if done {
		return err
	}
	s.print("Committed new configuration:\n%s\n", data)
	s.statIf(p, stat)
	return nil
}

func mustFind(name string) *command {
	c, ok := find(name)
	if !ok {
		panic(fmt.Sprintf("shell: no command %s", name))
	}
	return c
}

// members are the lines server.N=… of a configuration file, separated by commas.
func (s *Shell) members(name string) (string, error) {
	text, err := s.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("%s (No such file or directory)", name)
	}
	if err != nil {
		return "", fmt.Errorf(": %w", err)
	}
	var servers []string
	for line := range strings.Lines(string(text)) {
		key, value, found := strings.Cut(strings.TrimSpace(line), "=")
		if key = strings.TrimSpace(key); found && strings.HasPrefix(key, "server.") {
			servers = append(servers, key+"="+strings.TrimSpace(value))
		}
	}
	return strings.Join(servers, ","), nil
}
