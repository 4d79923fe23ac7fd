package reconfig

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"zoo"
	"zoo/client"
	"zoo/test/ensemble"
)

// The plot: a server of three restarts, and all its clients are at the two others then. These
// send some away until the three have nearly the same. No session ends, no ephemeral is
// lost, and each watch tells once.
func TestClientsComeBackToAServerThatHasRestarted(t *testing.T) {
	const clients, fair = 60, 20
	s := three(t, "clientBalance.tolerance=20")
	c := s.come(clients)
	restarted := s.Servers[0]
	s.must(restarted.Stop(10 * time.Second))
	s.must(restarted.Start())
	s.must(restarted.WaitServing(s.ctx))
	s.must(ensemble.Until(s.ctx, "the counts are near", func(context.Context) error {
		sum, far := 0, 0
		for _, server := range s.Servers {
			// One of them is who asks.
			n := s.figure(server, "zk_num_alive_connections") - 1
			sum += n
			if n > fair+5 || n < fair/3 {
				far = server.ID
			}
		}
		if far != 0 || sum != clients {
			return fmt.Errorf("server %d is far from the fair share; %d clients in all", far, sum)
		}
		return nil
	}))
	sent := 0
	for _, server := range s.Servers {
		sent += s.figure(server, "zk_clients_sent_away")
	}
	if sent == 0 || sent > clients {
		t.Errorf("%d clients were sent away", sent)
	}
	c.intact()
	if c.states[client.StateExpired] > 0 {
		t.Errorf("sessions went through %v", c.states)
	}
	c.leave()
}

// leave closes all sessions. Whoever is sent away just now cannot say goodbye: as they go,
// those that are left are uneven again.
func (c *crowd) leave() {
	for _, one := range c.clients {
		err := one.Close(c.s.ctx)
		if err != nil && !errors.Is(err, zoo.CodeConnectionLoss) {
			c.s.Error(err)
		}
	}
}
