package shell

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"

	"zoo"
	"zoo/client"
)

// A quota is two znodes below /zookeeper/quota and the path it is for:
//
//	zookeeper_limits   count=5,bytes=-1=;byteHardLimit=-1;countHardLimit=-1
//	zookeeper_stats    count=4,bytes=4
//
// The shell makes them, and servers keep the second one up to date.
const (
	quotaRoot   = "/zookeeper/quota"
	limitsName  = "/zookeeper_limits"
	statsName   = "/zookeeper_stats"
	quotaUnset  = int64(-1)
	countsFirst = "count=0,bytes=0"
)

// limits are the four numbers of a quota, -1 where there is no limit, by option.
type limits map[string]int64

// limitKeys are the names within the text of a quota, by option.
var limitKeys = map[string]string{
	"n": "count", "b": "bytes", "N": "countHardLimit", "B": "byteHardLimit"}

// parseLimits reads the text of a quota or of its counts; what is missing is -1.
func parseLimits(text string) limits {
	found := map[string]int64{}
	separates := func(r rune) bool { return r == ',' || r == ';' }
	for field := range strings.FieldsFuncSeq(text, separates) {
		key, value, _ := strings.Cut(field, "=")
		n, err := strconv.ParseInt(strings.Trim(value, "="), 10, 64)
		if err != nil {
			n = quotaUnset
		}
		found[key] = n
	}
	l := limits{}
	for option, key := range limitKeys {
		l[option] = quotaUnset
		if n, ok := found[key]; ok {
			l[option] = n
		}
	}
	return l
}

// String is the text of a quota.
func (l limits) String() string {
	return fmt.Sprintf("count=%d,bytes=%d=;byteHardLimit=%d;countHardLimit=%d",
		l["n"], l["b"], l["B"], l["N"])
}

func listQuota(ctx context.Context, s *Shell, p *parsed) error {
	path := p.args[1]
	at := quotaRoot + path + limitsName
	s.complain("absolute path is %s\n", at)
	if err := checkPath(at); err != nil {
		return err
	}
	limits, _, err := s.client.Get(ctx, at, nil)
	if errors.Is(err, zoo.CodeNoNode) {
		s.complain("quota for %s does not exist.\n", path)
		return nil
	}
	if err != nil {
		return err
	}
	counts, _, err := s.client.Get(ctx, quotaRoot+path+statsName, nil)
	if done, failure := s.told(p, row{{"path", path}, {"quota", string(limits)},
		{"stat", string(counts)}}); done {
		return errors.Join(err, failure)
	}
	s.print("Output quota for %s %s\n", path, limits)
	if err == nil {
		s.print("Output stat for %s %s\n", path, counts)
	}
	return err
}

// wanted is the one limit that the options give; a limit that cannot be has a reason.
func wanted(p *parsed) (option string, value int64, reason string) {
	for name := range limitKeys {
		if text, ok := p.values[name]; ok {
			n, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				return "", 0, "NumberFormatException happens when parsing the option value"
			}
			option, value = name, n
		}
	}
	switch {
	case (option == "n" || option == "N") && value <= 0:
		return "", 0, "the num quota must be greater than zero"
	case (option == "b" || option == "B") && value < 0:
		return "", 0, "the bytes quota must be greater than or equal to zero"
	}
	return option, value, ""
}

func setQuota(ctx context.Context, s *Shell, p *parsed) error {
	if len(p.values) == 0 {
		return optionError("MissingOption", "Missing required option: [-n num soft quota, "+
			"-b bytes soft quota, -N num hard quota, -B bytes hard quota]")
	}
	if len(p.args) < 2 {
		return failed("%s", mustFind("setquota").line())
	}
	path := p.args[1]
	option, value, reason := wanted(p)
	if reason == "" && (path == quotaRoot || strings.HasPrefix(path, quotaRoot+"/")) {
		reason = "cannot set a quota under the path: " + quotaRoot
	}
	if reason != "" {
		// zkCli tells this, and yet ends with 0.
		s.complain("%s\n", reason)
		return nil
	}
	if err := checkPath(path); err != nil {
		return err
	}
	_, err := s.client.Exists(ctx, path, nil)
	if errors.Is(err, zoo.CodeNoNode) {
		return failed("%s does not exist.", path)
	}
	if err != nil {
		return err
	}
	if err := s.noOtherQuota(ctx, path); err != nil {
		return err
	}
	return s.writeQuota(ctx, path, limits{option: value})
}

// noOtherQuota refuses a quota above or below another one.
func (s *Shell) noOtherQuota(ctx context.Context, path string) error {
	for above, _ := zoo.SplitPath(path); above != "/"; above, _ = zoo.SplitPath(above) {
		if _, err := s.client.Exists(ctx, quotaRoot+above+limitsName, nil); err == nil {
			return failed("%s has a parent %s which has a quota", path, above)
		} else if !errors.Is(err, zoo.CodeNoNode) {
			return err
		}
	}
	return s.noQuotaBelow(ctx, path, quotaRoot+path)
}

// noQuotaBelow looks through what is below the place of a path's own quota.
func (s *Shell) noQuotaBelow(ctx context.Context, path, place string) error {
	names, _, err := s.client.Children(ctx, place, nil)
	if errors.Is(err, zoo.CodeNoNode) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, name := range names {
		child := place + "/" + name
		if "/"+name == limitsName && place != quotaRoot+path {
			return failed("%s has a child %s which has a quota",
				path, strings.TrimPrefix(place, quotaRoot))
		}
		if err := s.noQuotaBelow(ctx, path, child); err != nil {
			return err
		}
	}
	return nil
}

// writeQuota makes the znodes of a quota, or changes them, and warns of limits that
// are passed already.
func (s *Shell) writeQuota(ctx context.Context, path string, change limits) error {
	place := quotaRoot + path
	if err := s.makeParents(ctx, place); err != nil {
		return err
	}
	fresh := parseLimits("")
	maps.Copy(fresh, change)
	_, err := s.client.Create(ctx, place+limitsName, []byte(fresh.String()),
		client.CreateOptions{})
	if err == nil {
		_, err = s.client.Create(ctx, place+statsName, []byte(countsFirst), client.CreateOptions{})
		if err == nil || errors.Is(err, zoo.CodeNodeExists) {
			return s.warn(ctx, place, fresh)
		}
		return err
	}
	if !errors.Is(err, zoo.CodeNodeExists) {
		return err
	}
	text, _, err := s.client.Get(ctx, place+limitsName, nil)
	if err != nil {
		return err
	}
	merged := parseLimits(string(text))
	maps.Copy(merged, change)
	_, err = s.client.Set(ctx, place+limitsName, []byte(merged.String()), client.AnyVersion)
	if err != nil {
		return err
	}
	return s.warn(ctx, place, merged)
}

func (s *Shell) makeParents(ctx context.Context, place string) error {
	for at := len(quotaRoot); at < len(place); {
		next := strings.IndexByte(place[at+1:], '/')
		if next < 0 {
			at = len(place)
		} else {
			at += 1 + next
		}
		_, err := s.client.Create(ctx, place[:at], nil, client.CreateOptions{})
		if err != nil && !errors.Is(err, zoo.CodeNodeExists) {
			return err
		}
	}
	return nil
}

// warn tells of limits that are below what is there.
func (s *Shell) warn(ctx context.Context, place string, l limits) error {
	text, _, err := s.client.Get(ctx, place+statsName, nil)
	if err != nil {
		return err
	}
	counts := parseLimits(string(text))
	for _, w := range []struct{ soft, hard, name string }{
		{"n", "N", "count"}, {"b", "B", "bytes"}} {
		now := counts[w.soft]
		if passed(l[w.soft], now) || passed(l[w.hard], now) {
			s.print("[Warning]: the %s quota you create is less than the existing %s:%d\n",
				w.name, w.name, now)
		}
	}
	return nil
}

func passed(limit, now int64) bool { return limit > quotaUnset && limit < now }

func deleteQuota(ctx context.Context, s *Shell, p *parsed) error {
	path := p.args[1]
	place := quotaRoot + path
	if err := checkPath(place); err != nil {
		return err
	}
	text, _, err := s.client.Get(ctx, place+limitsName, nil)
	if errors.Is(err, zoo.CodeNoNode) {
		s.print("Quota does not exist for %s\n", path)
		return nil
	}
	if err != nil {
		return err
	}
	if len(p.values) == 0 {
		return s.removeQuota(ctx, place)
	}
	l := parseLimits(string(text))
	for option := range p.values {
		l[option] = quotaUnset
	}
	_, err = s.client.Set(ctx, place+limitsName, []byte(l.String()), client.AnyVersion)
	return err
}

// removeQuota takes a quota away, and the znodes above it that serve nothing else.
func (s *Shell) removeQuota(ctx context.Context, place string) error {
	for _, name := range []string{limitsName, statsName} {
		err := s.client.Delete(ctx, place+name, client.AnyVersion)
		if err != nil && !errors.Is(err, zoo.CodeNoNode) {
			return err
		}
	}
	for place != quotaRoot {
		err := s.client.Delete(ctx, place, client.AnyVersion)
		if errors.Is(err, zoo.CodeNotEmpty) {
			return nil
		}
		if err != nil && !errors.Is(err, zoo.CodeNoNode) {
			return err
		}
		place, _ = zoo.SplitPath(place)
	}
	return nil
}
