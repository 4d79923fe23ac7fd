package mixed

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"zoo/test/ensemble"
)

// groupLines make three groups of five servers. A quorum is two groups, each by weight:
// 1 and 3 are one, 2, 4 and 5 are none.
var groupLines = []string{"group.1=1:2", "group.2=3:4", "group.3=5", "weight.1=2", "weight.2=1",
	"weight.3=2", "weight.4=1", "weight.5=1"}

// nobodyServes is for how long servers without a quorum are watched.
const nobodyServes = 2 * time.Second

// The plot: groups and weights decide in an ensemble of both kinds. Two servers, one of
// each kind, go on without three others; those three do not without the two. A
// reconfiguration takes groups and weights away, and then three of the five decide.
func TestGroupsOfEitherKindDecide(t *testing.T) {
	for _, m := range []makeUp{{voters: "JZZJJ", always: true}, {voters: "ZJJZZ"}} {
		if !m.always && !playsAll() {
			continue
		}
		t.Run(m.voters, func(t *testing.T) {
			s := plan(t, m, slices.Concat(groupLines, reconfigLines)...)
			s.starts(s.Servers...)
			h := s.startWriting()
			h.progress(s)
			heavy := []*ensemble.Server{s.Servers[0], s.Servers[2]}
			light := []*ensemble.Server{s.Servers[1], s.Servers[3], s.Servers[4]}
			s.kills(light...)
			h.progress(s)
			s.Logf("server %d leads two", s.leader().ID)
			s.kills(heavy...)
			for _, server := range light {
				s.must(server.Start())
			}
			s.nobody(light)
			s.starts(heavy[0])
			h.progress(s)
			s.starts(heavy[1])
			s.must(s.WaitServing(s.ctx))
			s.ungroup(h)
			s.kills(heavy...)
			h.progress(s)
			s.starts(heavy...)
			s.verify(h, nil)
		})
	}
}

// nobody fails if one of the servers serves.
func (s *story) nobody(servers []*ensemble.Server) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.ctx, nobodyServes)
	defer cancel()
	err := ensemble.Until(ctx, "one serves", func(ctx context.Context) error {
		for _, server := range servers {
			if _, err := server.Mode(ctx); err == nil {
				return nil
			}
		}
		return errors.New("none does")
	})
	if err == nil {
		s.Error("a server serves without a quorum")
	}
}

// ungroup makes the same members an ensemble that decides by majority.
func (s *story) ungroup(h *history) {
	s.Helper()
	var lines []string
	for _, server := range s.Servers {
		lines = append(lines, server.Line("participant"))
	}
	c := s.dial(sessionTimeout, s.Servers...)
	_, err := c.Reconfig(lines, -1)
	s.must(err)
	c.Close()
	s.inForce("1 2 3 4 5")
	s.must(ensemble.Until(s.ctx, "there are no groups", func(ctx context.Context) error {
		return withoutGroups(s.Servers)
	}))
	h.progress(s)
}

func withoutGroups(servers []*ensemble.Server) error {
	for _, server := range servers {
		text, err := os.ReadFile(filepath.Join(server.Home(), "zoo.cfg"))
		if err != nil {
			return err
		}
		_, file, _ := strings.Cut(string(text), "dynamicConfigFile=")
		held, err := os.ReadFile(strings.TrimSpace(file))
		if err != nil {
			return err
		}
		if strings.Contains(string(held)+string(text), "group") {
			return errors.New(file + " holds groups")
		}
	}
	return nil
}

// The plot: of two voters, one of each kind, the one that the oracle grants it goes on
// alone, the other one does not. When the first is back it has what was written meanwhile,
// and then it is the other one's turn.
func TestAnOracleDecidesForOneOfEitherKind(t *testing.T) {
	onlyWithAll(t)
	for _, voters := range []string{"JZ", "ZJ"} {
		t.Run(voters, func(t *testing.T) {
			s := plan(t, makeUp{voters: voters}, "oraclePath=oracle")
			for _, server := range s.Servers {
				s.grant(server, "0")
			}
			s.starts(s.Servers...)
			for i, stays := range s.Servers {
				goes := s.Servers[1-i]
				s.kills(goes)
				s.must(ensemble.Until(s.ctx, "it gives up", func(ctx context.Context) error {
					if mode, err := stays.Mode(ctx); err == nil {
						return errors.New("it is " + mode)
					}
					return nil
				}))
				s.nobody(s.Servers[i : i+1])
				s.grant(stays, "1")
				s.must(stays.WaitServing(s.ctx))
				c := s.dial(sessionTimeout, stays)
				s.create(c, "/alone-"+stays.Address(), "", 0)
				s.grant(stays, "0")
				s.starts(goes)
				s.must(s.WaitServing(s.ctx))
				c.Close()
				c = s.dial(sessionTimeout, goes)
				s.create(c, "/together-"+stays.Address(), "", 0)
				c.Close()
				s.oneTree()
			}
		})
	}
}

// grant lets the oracle say a word to one of the servers.
func (s *story) grant(server *ensemble.Server, word string) {
	s.Helper()
	s.must(os.WriteFile(filepath.Join(server.Home(), "oracle"), []byte(word), 0o600))
}
