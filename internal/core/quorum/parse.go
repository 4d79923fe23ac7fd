package quorum

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"zoo"
)

// ErrNumber means that something in a configuration is not what it must be in a way for
// which ZooKeeper has no words of its own: it answers a reconfig with MarshallingError.
var ErrNumber = errors.New("malformed")

// ParseView reads a configuration as View.Text writes it: lines server.N, group.N,
// weight.N and version, in any order.
func ParseView(text string) (*View, error) {
	d := draft{hierarchy: Hierarchy{Weights: map[zoo.ServerID]int64{}}}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || line[0] == '!' {
			continue
		}
		key, value, _ := strings.Cut(line, "=")
		if err := d.take(strings.TrimSpace(key), strings.TrimSpace(value)); err != nil {
			return nil, err
		}
	}
	return d.view()
}

// ParseMembers reads the whole list of members that a reconfig gives, with commas or on
// lines, as the configuration of that version.
func ParseMembers(list string, version zoo.Zxid) (*View, error) {
	v, err := ParseView(strings.ReplaceAll(list, ",", "\n"))
	if err != nil {
		return nil, err
	}
	return v.WithVersion(version), nil
}

// draft is a configuration of which some lines were read.
type draft struct {
	members   []Member
	hierarchy Hierarchy
	version   zoo.Zxid
}

func (d *draft) take(key, value string) error {
	name, number, _ := strings.Cut(key, ".")
	switch {
	case name == "server":
		m, err := parseMember(number, value)
		if err != nil {
			return err
		}
		d.members = append(d.members, m)
	case name == "group":
		g, err := ParseGroup(number, value)
		if err != nil {
			return err
		}
		d.hierarchy.Groups = append(d.hierarchy.Groups, g)
	case name == "weight":
		id, w, err := ParseWeight(number, value)
		if err != nil {
			return err
		}
		d.hierarchy.Weights[id] = w
	case key == "version":
		v, err := strconv.ParseInt(value, 16, 64)
		if err != nil {
			return fmt.Errorf("%w: version %q is not a hexadecimal number", ErrNumber, value)
		}
		d.version = zoo.Zxid(v)
	default:
		return fmt.Errorf("%q does not belong into a configuration", key)
	}
	return nil
}

func parseMember(number, value string) (Member, error) {
	id, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return Member{}, fmt.Errorf("%w: server id %q is not a number", ErrNumber, number)
	}
	s, err := ParseServer(zoo.ServerID(id), value)
	if err != nil {
		return Member{}, fmt.Errorf("server.%d: %w", id, err)
	}
	return s.Member(), nil
}

func (d *draft) view() (*View, error) {
	v, err := NewView(d.members, d.version)
	if len(d.hierarchy.Groups)+len(d.hierarchy.Weights) > 0 {
		v, err = NewHierarchicalView(d.members, d.hierarchy, d.version)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNumber, err)
	}
	return v, nil
}

// WithVersion is the same configuration under another version.
func (v *View) WithVersion(version zoo.Zxid) *View {
	w := *v
	w.version = version
	return &w
}

// Member finds a member.
func (v *View) Member(id zoo.ServerID) (Member, bool) {
	i := slices.IndexFunc(v.members, func(m Member) bool { return m.ID == id })
	if i < 0 {
		return Member{}, false
	}
	return v.members[i], true
}

// Server is a member's line in its parts; false if there is no such member, or its line
// does not say where it is.
func (v *View) Server(id zoo.ServerID) (Server, bool) {
	m, ok := v.Member(id)
	if !ok {
		return Server{}, false
	}
	s, err := ParseServer(id, m.Text)
	return s, err == nil
}

// SameMembers tells whether two configurations differ in nothing but their version.
func (v *View) SameMembers(other *View) bool {
	return v.WithVersion(0).Text() == other.WithVersion(0).Text()
}

// IsObserver tells whether the server is a member that does not vote.
func (v *View) IsObserver(id zoo.ServerID) bool {
	m, ok := v.Member(id)
	return ok && m.Observer
}
