package replica

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/cockroachdb/datadriven"

	"zoo"
	"zoo/internal/core/quorum"
	"zoo/internal/core/tree"
	"zoo/internal/wire"
)

// memberOf is a server; with reconfigurations its line says where it is.
func memberOf(d *datadriven.TestData, id int, role string) quorum.Member {
	m := quorum.Member{ID: zoo.ServerID(id), Observer: role != ""}
	if d.HasArg("reconfig") {
		m.Text = fmt.Sprintf("host%d:2888:3888%s;2181", id, role)
		s, _ := quorum.ParseServer(m.ID, m.Text)
		m = s.Member()
	}
	return m
}

// addSpares makes servers that are in no configuration but their own.
func (w *world) addSpares(d *datadriven.TestData, members []quorum.Member) {
	spares, _ := d.Arg("spares")
	w.spares = map[zoo.ServerID]*quorum.View{}
	for _, text := range spares.Vals {
		id, _ := strconv.Atoi(text)
		m := memberOf(d, id, ":observer")
		view, err := quorum.NewView(append(members[:len(members):len(members)], m), 0)
		if err != nil {
			w.t.Fatal(err)
		}
		w.spares[m.ID] = view
		w.servers = append(w.servers, &server{id: m.ID, rec: Recovered{Tree: tree.New()}})
	}
}

// reconfig fills in the request for another ensemble, as the super user.
func (w *world) reconfig(d *datadriven.TestData, q *Request) {
	list := func(key string, line bool) string {
		arg, _ := d.Arg(key)
		var all []string
		for _, text := range arg.Vals {
			if id, role, _ := strings.Cut(text, ":"); line {
				if role != "" {
					role = ":" + role
				}
				text = fmt.Sprintf("server.%s=host%s:2888:3888%s;2181", id, id, role)
			}
			all = append(all, text)
		}
		return strings.Join(all, ",")
	}
	body := wire.ReconfigRequest{JoiningServers: list("join", true),
		LeavingServers: list("leave", false), NewMembers: list("members", true), CurConfigID: -1}
	if d.HasArg("from") {
		body.CurConfigID = w.number(d, "from")
	}
	encoded := wire.AppendReconfig(nil, &body)
	if d.HasArg("nobody") {
		encoded = body.AppendTo(nil) // Empty lists, none of them null.
	}
	q.Op, q.Body, q.IDs = wire.OpReconfig, encoded, []zoo.ID{{Scheme: "super"}}
}

// members tells which configurations the servers know, and what their trees say.
func (w *world) members() string {
	var b strings.Builder
	for _, s := range w.servers {
		if s.r == nil {
			continue
		}
		e := s.r.Members()
		fmt.Fprintf(&b, "%d %s", s.id, brief(e.Current))
		if e.Next != nil {
			fmt.Fprintf(&b, " next %s", brief(e.Next))
		}
		n, _ := s.r.Tree().Lookup("/zookeeper/config")
		if string(n.Data()) != e.Current.Text() {
			fmt.Fprintf(&b, " tree has %q", n.Data())
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func brief(v *quorum.View) string {
	text := fmt.Sprintf("%v:", v.Version())
	for _, m := range v.Members() {
		text += fmt.Sprintf(" %d", m.ID)
		if m.Observer {
			text += "o"
		}
	}
	return text
}
