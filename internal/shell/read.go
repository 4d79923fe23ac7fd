package shell

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"zoo"
	"zoo/client"
)

// dateForm is Java's for dates.
const dateForm = "Mon Jan 02 15:04:05 MST 2006"

// printStat prints a Stat in zkCli's form.
func (s *Shell) printStat(stat zoo.Stat) {
	s.print("cZxid = 0x%x\nctime = %s\nmZxid = 0x%x\nmtime = %s\npZxid = 0x%x\n"+
		"cversion = %d\ndataVersion = %d\naclVersion = %d\nephemeralOwner = 0x%x\n"+
		"dataLength = %d\nnumChildren = %d\n",
		uint64(stat.Czxid), time.UnixMilli(stat.Ctime).Format(dateForm),
		uint64(stat.Mzxid), time.UnixMilli(stat.Mtime).Format(dateForm), uint64(stat.Pzxid),
		stat.Cversion, stat.Version, stat.Aversion, uint64(stat.EphemeralOwner),
		stat.DataLength, stat.NumChildren)
}

// statIf prints a Stat if the option is given.
func (s *Shell) statIf(p *parsed, stat zoo.Stat) {
	if p.has("s") {
		s.printStat(stat)
	}
}

// watcherIf is the shell's watcher if the option is given.
func (s *Shell) watcherIf(p *parsed) *watcher {
	if p.has("w") {
		return (*watcher)(s)
	}
	return nil
}

// oldWatch accepts the form of ZooKeeper 3.4, with anything behind the path for a
// watch.
func (s *Shell) oldWatch(p *parsed, form string) {
	if len(p.args) > 2 {
		s.complain("'%s path [watch]' has been deprecated. Please use '%s' instead.\n",
			p.args[0], p.args[0]+" "+form)
		p.values["w"] = ""
	}
}

func get(ctx context.Context, s *Shell, p *parsed) error {
	s.oldWatch(p, "[-s] [-w] path")
	path := p.args[1]
	if err := checkPath(path); err != nil {
		return err
	}
	data, stat, err := readData(ctx, s, p, path)
	if err != nil {
		return err
	}
	if name, ok := p.values["-out"]; ok {
		return s.give(name, data)
	}
	done, err := s.told(p, slices.Concat(row{{"path", path}, dataColumn(data)},
		statColumnsIf(p, stat)))
	if done {
		return err
	}
	s.print("%s\n", formatData(p, data))
	s.statIf(p, stat)
	return nil
}

func readData(ctx context.Context, s *Shell, p *parsed, path string) ([]byte, zoo.Stat, error) {
	if w := s.watcherIf(p); w != nil {
		return s.client.Get(ctx, path, w)
	}
	return s.client.Get(ctx, path, nil)
}

// formatData writes data as text, or as an option says.
func formatData(p *parsed, data []byte) string {
	switch {
	case data == nil:
		return "null"
	case p.has("b"):
		return base64.StdEncoding.EncodeToString(data)
	case p.has("x"):
		return hexDump(data)
	}
	return strings.ToValidUTF8(string(data), "\ufffd")
}

// hexDump draws sixteen bytes a line, as hexadecimal and as text.
func hexDump(data []byte) string {
	const rule = "+--------+-------------------------------------------------+----------------+"
	if len(data) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("         +-------------------------------------------------+\n" +
		"         |  0  1  2  3  4  5  6  7  8  9  a  b  c  d  e  f |\n" + rule)
	at := 0
	for part := range slices.Chunk(data, 16) {
		text := strings.Map(func(r rune) rune {
			if r < 0x20 || r > 0x7e {
				return '.'
			}
			return r
		}, latin1(part))
		fmt.Fprintf(&b, "\n|%08x| %-48s|%-16s|", at, fmt.Sprintf("% x", part), text)
		at += len(part)
	}
	return b.String() + "\n" + rule
}

// latin1 reads each byte as one character.
func latin1(data []byte) string {
	runes := make([]rune, len(data))
	for i, b := range data {
		runes[i] = rune(b)
	}
	return string(runes)
}

func stat(ctx context.Context, s *Shell, p *parsed) error {
	s.oldWatch(p, "[-w] path")
	path := p.args[1]
	if err := checkPath(path); err != nil {
		return err
	}
	var found zoo.Stat
	var err error
	if w := s.watcherIf(p); w != nil {
		found, err = s.client.Exists(ctx, path, w)
	} else {
		found, err = s.client.Exists(ctx, path, nil)
	}
	if err != nil {
		return err
	}
	done, err := s.told(p, slices.Concat(row{{"path", path}}, statColumns(found)))
	if !done {
		s.printStat(found)
	}
	return err
}

func list(ctx context.Context, s *Shell, p *parsed) error {
	s.oldWatch(p, "[-w] path")
	path := p.args[1]
	if err := checkPath(path); err != nil {
		return err
	}
	switch {
	case p.has("R"):
		return s.listAll(ctx, p, path)
	case p.form != asText:
		return s.listRows(ctx, p, path)
	}
	return s.listPages(ctx, p, path)
}

// listAll prints a path and all below it: each znode's children together, and then what
// is below each of them.
func (s *Shell) listAll(ctx context.Context, p *parsed, path string) error {
	rows, count := s.answers(p), s.progress("listed")
	defer count.end()
	print := func(path string) error {
		count.one()
		if rows != nil {
			return rows.add(row{{"path", path}})
		}
		s.print("%s\n", path)
		return nil
	}
	w := walk{shell: s, depthMax: -1, listed: func(parent string, names []string) error {
		for _, name := range names {
			if err := print(below(parent, name)); err != nil {
				return err
			}
		}
		return nil
	}, visit: func(at *found) error {
		if at.depth > 0 {
			return nil
		}
		return print(path)
	}}
	err := w.run(ctx, path)
	if rows != nil {
		return rows.end(err)
	}
	return err
}

// listRows gives a row for each child, and with -s one for the znode itself at the end.
func (s *Shell) listRows(ctx context.Context, p *parsed, path string) error {
	var first client.Page
	if w := s.watcherIf(p); w != nil {
		first.Watcher = w
	}
	rows, shown := s.answers(p), zoo.Stat{}
	err := s.eachPage(ctx, path, first, func(names []string, stat zoo.Stat) error {
		shown = stat
		for _, name := range names {
			if err := rows.add(row{{"path", below(path, name)}}); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && p.has("s") {
		err = rows.add(slices.Concat(row{{"path", path}}, statColumns(shown)))
	}
	return rows.end(err)
}

// listPages prints the names of children as they come.
func (s *Shell) listPages(ctx context.Context, p *parsed, path string) error {
	var first client.Page
	if w := s.watcherIf(p); w != nil {
		first.Watcher = w
	}
	open, shown := "[", zoo.Stat{}
	err := s.eachPage(ctx, path, first, func(names []string, stat zoo.Stat) error {
		s.print("%s%s", open, strings.Join(names, ", "))
		if open == "[" {
			open, shown = ", ", stat
		}
		return nil
	})
	if open != "[" {
		s.print("]\n")
	}
	if err == nil {
		s.statIf(p, shown)
	}
	return err
}

// below joins a path and the name of a child.
func below(path, name string) string {
	if path == "/" {
		return path + name
	}
	return path + "/" + name
}

// visit calls f with a path and all below it: each znode's children together, and then
// what is below each of them.
func (s *Shell) visit(ctx context.Context, path string, f func(string) error) error {
	if _, err := s.client.Exists(ctx, path, nil); err != nil {
		return err
	}
	if err := f(path); err != nil {
		return err
	}
	return s.visitBelow(ctx, path, f)
}

func (s *Shell) visitBelow(ctx context.Context, path string, f func(string) error) error {
	names, err := s.children(ctx, path)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := f(below(path, name)); err != nil {
			return err
		}
	}
	for _, name := range names {
		if err := s.visitBelow(ctx, below(path, name), f); err != nil {
			return err
		}
	}
	return nil
}

func getACL(ctx context.Context, s *Shell, p *parsed) error {
	path := p.args[1]
	if err := checkPath(path); err != nil {
		return err
	}
	acl, stat, err := s.client.GetACL(ctx, path)
	if err != nil {
		return err
	}
	done, err := s.told(p, slices.Concat(row{{"path", path}, {"acl", aclTexts(acl)}},
		statColumnsIf(p, stat)))
	if done {
		return err
	}
	for _, a := range acl {
		s.print("'%s,'%s\n: %s\n", a.ID.Scheme, a.ID.ID, a.Perms)
	}
	s.statIf(p, stat)
	return nil
}

// aclTexts are the entries of an ACL as setAcl takes them.
func aclTexts(acl []zoo.ACL) []string {
	texts := make([]string, len(acl))
	for i, a := range acl {
		texts[i] = a.ID.Scheme + ":" + a.ID.ID + ":" + a.Perms.String()
	}
	return texts
}

func getAllChildrenNumber(ctx context.Context, s *Shell, p *parsed) error {
	if err := checkPath(p.args[1]); err != nil {
		return err
	}
	n, err := s.client.AllChildrenNumber(ctx, p.args[1])
	if err != nil {
		return err
	}
	done, err := s.told(p, row{{"path", p.args[1]}, {"number", n}})
	if !done {
		s.print("%d\n", n)
	}
	return err
}

func getEphemerals(ctx context.Context, s *Shell, p *parsed) error {
	prefix := "/"
	if len(p.args) > 1 {
		prefix = p.args[1]
	}
	if err := checkPath(prefix); err != nil {
		return err
	}
	paths, err := s.client.Ephemerals(ctx, prefix)
	if err != nil {
		return err
	}
	rows := s.answers(p)
	if rows == nil {
		s.print("[%s]\n", strings.Join(paths, ", "))
		return nil
	}
	for _, path := range paths {
		err = errors.Join(err, rows.add(row{{"path", path}}))
	}
	return rows.end(err)
}

func config(ctx context.Context, s *Shell, p *parsed) error {
	var data []byte
	var stat zoo.Stat
	var err error
	if w := s.watcherIf(p); w != nil {
		data, stat, err = s.client.Config(ctx, w)
	} else {
		data, stat, err = s.client.Config(ctx, nil)
	}
	if err != nil {
		return err
	}
	text := string(data)
	if p.has("c") {
		text = connectString(text)
	}
	done, err := s.told(p, slices.Concat(row{{"config", text}}, statColumnsIf(p, stat)))
	if done {
		return err
	}
	s.print("%s\n", text)
	s.statIf(p, stat)
	return nil
}

// connectString is what clients of a configuration connect to, and its version.
func connectString(text string) string {
	var servers []string
	version := ""
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		if key == "version" {
			version = value
		}
		if !strings.HasPrefix(key, "server.") {
			continue
		}
		if _, client, found := strings.Cut(value, ";"); found {
			servers = append(servers, client)
		}
	}
	return strings.Join(servers, ",") + " " + version
}

func syncPath(ctx context.Context, s *Shell, p *parsed) error {
	if err := checkPath(p.args[1]); err != nil {
		return err
	}
	if err := s.client.Sync(ctx, p.args[1]); err != nil {
		s.print("Sync has failed. rc=%d\n", codeOf(err))
		return nil
	}
	// The answer stands behind all events that came before it, as ZooKeeper's does.
	if err := s.client.Settle(ctx); err != nil {
		return err
	}
	done, err := s.told(p, row{{"path", p.args[1]}, {"synced", true}})
	if !done {
		s.print("Sync is OK\n")
	}
	return err
}

func whoAmI(ctx context.Context, s *Shell, p *parsed) error {
	ids, err := s.client.WhoAmI(ctx)
	if err != nil {
		return err
	}
	if rows := s.answers(p); rows != nil {
		for _, id := range ids {
			err = errors.Join(err, rows.add(row{{"scheme", id.Scheme}, {"user", id.ID}}))
		}
		return rows.end(err)
	}
	s.print("Auth scheme: User\n")
	for _, id := range ids {
		s.print("%s: %s\n", id.Scheme, id.ID)
	}
	return nil
}

func version(_ context.Context, s *Shell, p *parsed) error {
	if len(p.args) > 1 {
		return failed("version ")
	}
	s.print("ZooKeeper CLI version: %s\n", s.Version)
	return nil
}
