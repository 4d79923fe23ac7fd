package server

import (
	"net/http"
	"strings"
	"testing"

	"zoo"
	"zoo/internal/ops/admin"
	"zoo/internal/ops/console"
)

func (e *ensemble) place(id zoo.ServerID) admin.Place {
	return operator{e.servers[id].Server}.Place()
}

// The plot: three voters and an observer serve. The leader knows how far each learner is and
// how many voters can be lost; a follower knows who leads and whom it is connected to, and
// does not pretend to know more.
func TestAServerTellsWhatItKnowsOfItsEnsemble(t *testing.T) {
	e := newEnsemble(t, 3, 1)
	for id := range e.ports {
		e.start(id)
	}
	for id := range e.ports {
		e.session(id)
	}
	leader := e.leader()
	var p admin.Place
	until(t, func() bool {
		p = e.place(leader)
		return p.Spare != nil && *p.Spare == 1
	})
	if p.State != "leader" || p.Leader != leader || p.Server != leader || len(p.Members) != 4 {
		t.Fatalf("the leader tells %+v", p)
	}
	for _, m := range p.Members {
		if m.ID == leader {
			if m.Learner != nil || m.Connected {
				t.Errorf("the leader learns from itself: %+v", m)
			}
			continue
		}
		if m.Learner == nil || !m.Learner.Synced || m.Observer != m.Learner.Observer {
			t.Errorf("of server %d the leader tells %+v", m.ID, m)
		}
	}
	follower := leader%3 + 1
	p = e.place(follower)
	if p.State != "follower" || p.Leader != leader || p.Spare != nil {
		t.Errorf("a follower tells %+v", p)
	}
	for _, m := range p.Members {
		if m.Learner != nil || m.ID == leader && !m.Connected {
			t.Errorf("of server %d a follower tells %+v", m.ID, m)
		}
	}
}

func TestFiguresAndEnsembleAreAnsweredWithoutAnybodyElse(t *testing.T) {
	s := startOperated(t)
	c := s.connect()
	c.create("/a", "x")
	of := s.get("/figures").fields(t, http.StatusOK)
	if of["error"] != nil || of["state"] != "standalone" || of["spare_voters"] != nil {
		t.Errorf("figures: %v", of)
	}
	figures := of["figures"].(map[string]any)
	if figures["num_alive_connections"].(float64) != 1 || figures["packets_received"] == nil {
		t.Errorf("figures: %v", figures)
	}
	writes := of["spreads"].(map[string]any)["update_latency_seconds"].(map[string]any)
	sum := writes["zero"].(float64)
	for _, n := range writes["counts"].([]any) {
		sum += n.(float64)
	}
	if sum == 0 || sum != writes["count"].(float64) {
		t.Errorf("the times of writes are %v", writes)
	}
	alone := s.get("/ensemble").fields(t, http.StatusOK)
	if alone["error"] != nil || len(alone["members"].([]any)) != 0 || alone["leader"] == nil {
		t.Errorf("ensemble: %v", alone)
	}
}

// The plot: a server wants a key. Its console comes without one, since it asks for the key, and
// tells nothing; the browser's own form for passwords is kept away from it. Where nobody may enter
// there is no console either.
func TestTheConsoleComesBeforeTheKeyAndItsAnswersDoNot(t *testing.T) {
	s, _ := startGuarded(t, admin.Config{Listen: "127.0.0.1:0",
		KeysFile: keysFile(t, "token "+tokenText+"\n")})
	page := s.askAdmin(http.MethodGet, console.Path)
	if page.status != http.StatusOK || !strings.Contains(string(page.body), "<title>") {
		t.Errorf("the console: %d %s", page.status, page.body)
	}
	for _, path := range []string{"/commands/figures", "/commands/ensemble"} {
		if got := s.askAdmin(http.MethodGet, path).status; got != http.StatusUnauthorized {
			t.Errorf("%s without a key: %d", path, got)
		}
		if got := s.askAdmin(http.MethodGet, path, "Authorization", byToken).status; got != 200 {
			t.Errorf("%s with a key: %d", path, got)
		}
	}
	users, _ := startGuarded(t, admin.Config{Listen: "127.0.0.1:0",
		KeysFile: keysFile(t, "basic ann:correct horse\n")})
	for header, want := range map[string]string{"X-Requested-With": "Bearer", "X-Other": "Basic"} {
		got := users.askAdmin(http.MethodGet, "/commands/figures", header, "XMLHttpRequest")
		if got.status != http.StatusUnauthorized ||
			!strings.HasPrefix(got.header.Get("WWW-Authenticate"), want) {
			t.Errorf("%s: a browser is challenged by %v", header, got.header)
		}
	}
	shut, _ := startGuarded(t, admin.Config{Listen: "127.0.0.1:0",
		KeysFile: keysFile(t, "not a key\n")})
	if got := shut.askAdmin(http.MethodGet, console.Path).status; got != http.StatusForbidden {
		t.Errorf("a console that nobody can use: %d", got)
	}
}
