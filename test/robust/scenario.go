package robust

import (
	"context"
	"errors"
	"fmt"
	"time"

	"zoo/test/ensemble"
)

// story is one disturbance, from its begin to its end; what it has cut or stopped is
// mended behind it.
type story func(ctx context.Context, r *run) error

// Scenario is a kind of disturbance.
type Scenario struct {
	Name   string
	Voters int
	// Climate is the weather between disturbances.
	Climate weather
	// Stories are told in the order of a deck that the seed shuffles, again and again.
	Stories []story
}

// Scenarios are all of them.
func Scenarios() []Scenario {
	delayed := weather{delay: 200 * time.Millisecond}
	thin := weather{delay: 10 * time.Millisecond, bytesPerSecond: 64 << 10}
	return []Scenario{
		{"one-way-cuts", 3, weather{}, []story{cutOneWay, muteLeader, deafenLeader}},
		{"partitions", 5, weather{}, []story{splitServers, splitServers, cutLeader}},
		{"leader-without-quorum", 3, weather{}, []story{cutLeader}},
		{"shut-ports", 3, weather{}, []story{refuseLearners, swallowLearners}},
		{"shut-ports-of-five", 5, weather{}, []story{refuseLearners, shutAndKill}},
		{"flapping-links", 3, weather{}, []story{flapLinks}},
		{"delays", 3, delayed, []story{stayCalm, killLeader, cutLeader}},
		{"thin-links", 3, thin, []story{stayCalm, killOne, cutOneWay}},
		{"kills", 3, weather{}, []story{killLeader, killOne, killAll}},
		{"hangs", 3, weather{}, []story{hangLeader, hangOne, hangShortly}},
		{"everything", 5, weather{}, []story{cutOneWay, muteLeader, deafenLeader, splitServers,
			cutLeader, flapLinks, killLeader, killOne, killAll, hangLeader, hangOne,
			hangShortly, killDuringCut, refuseLearners, swallowLearners}},
	}
}

// The times of a disturbance: some end before syncLimit, which is a second, some after.
const (
	troubleMin = 200 * time.Millisecond
	troubleMax = 3 * time.Second
)

// wait lasts for a time that the seed chooses.
func (r *run) wait(ctx context.Context) error {
	d := troubleMin + time.Duration(r.rng.Int64N(int64(troubleMax-troubleMin)))
	if !pause(ctx.Done(), d) {
		return ctx.Err()
	}
	return nil
}

// ids are those of all servers.
func (r *run) ids() (all []int) {
	for _, s := range r.Servers {
		all = append(all, s.ID)
	}
	return all
}

// others are the ids of all servers but one.
func (r *run) others(id int) (all []int) {
	for _, other := range r.ids() {
		if other != id {
			all = append(all, other)
		}
	}
	return all
}

// any is a server that the seed chooses.
func (r *run) any() *ensemble.Server { return r.Servers[r.rng.IntN(len(r.Servers))] }

func stayCalm(ctx context.Context, r *run) error {
	r.say("nothing happens")
	return r.wait(ctx)
}

// cutOneWay: one server no longer hears one other, which still hears it.
func cutOneWay(ctx context.Context, r *run) error {
	from := r.any().ID
	others := r.others(from)
	to := others[r.rng.IntN(len(others))]
	r.say("server %d is not heard by server %d", from, to)
	r.net.set(weather{held: true}, way{from, to})
	return r.wait(ctx)
}

// goOn lasts until writes have been acknowledged again, by the quorum that is left, and
// for a while more.
func (r *run) goOn(ctx context.Context) error {
	begun := time.Now()
	if err := r.progress(ctx); err != nil {
		return fmt.Errorf("a quorum is left: %w", err)
	}
	r.say("writes go on after %v", time.Since(begun).Round(time.Millisecond))
	return r.wait(ctx)
}

// muteLeader: nobody hears the leader, which hears all.
func muteLeader(ctx context.Context, r *run) error {
	leader, err := r.Leader(ctx)
	if err != nil {
		return err
	}
	r.say("leader %d is not heard", leader.ID)
	r.net.set(weather{held: true}, between([]int{leader.ID}, r.ids())...)
	return r.goOn(ctx)
}

// deafenLeader: the leader hears nobody, and all hear it.
func deafenLeader(ctx context.Context, r *run) error {
	leader, err := r.Leader(ctx)
	if err != nil {
		return err
	}
	r.say("leader %d does not hear", leader.ID)
	r.net.set(weather{held: true}, between(r.ids(), []int{leader.ID})...)
	return r.goOn(ctx)
}

// cutLeader: the leader has no server left, but all of its clients.
func cutLeader(ctx context.Context, r *run) error {
	leader, err := r.Leader(ctx)
	if err != nil {
		return err
	}
	r.say("leader %d is cut from its quorum", leader.ID)
	r.net.set(weather{held: true}, bothWays([]int{leader.ID}, r.ids())...)
	return r.goOn(ctx)
}

// refuseLearners: the leader's quorum port is shut, and its election port is not. It would be
// elected again and again, and another one must be.
func refuseLearners(ctx context.Context, r *run) error {
	return r.shutLeader(ctx, "refuses", weather{refused: true})
}

// swallowLearners is the same, but connections to the port are made, and not heard.
func swallowLearners(ctx context.Context, r *run) error {
	return r.shutLeader(ctx, "swallows", weather{held: true})
}

func (r *run) shutLeader(ctx context.Context, does string, w weather) error {
	leader, err := r.Leader(ctx)
	if err != nil {
		return err
	}
	r.say("the quorum port of leader %d %s connections", leader.ID, does)
	r.net.shut(leader.QuorumPort(), w)
	return r.goOn(ctx)
}

// shutAndKill: the leader dies, and of the others the likeliest successor cannot be followed.
func shutAndKill(ctx context.Context, r *run) error {
	leader, err := r.Leader(ctx)
	if err != nil {
		return err
	}
	others := r.others(leader.ID)
	shut := r.Servers[others[len(others)-1]-1]
	r.say("leader %d is killed, and the quorum port of server %d is shut", leader.ID, shut.ID)
	r.net.shut(shut.QuorumPort(), weather{refused: true})
	return errors.Join(leader.Kill(), r.goOn(ctx))
}

// splitServers: two groups do not hear each other.
func splitServers(ctx context.Context, r *run) error {
	ids := r.ids()
	r.rng.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
	n := 1 + r.rng.IntN(len(ids)-1)
	r.say("servers %v and %v are apart", ids[:n], ids[n:])
	r.net.set(weather{held: true}, bothWays(ids[:n], ids[n:])...)
	return r.wait(ctx)
}

// The times of links that flap.
const (
	flapMin = 10 * time.Millisecond
	flapMax = 150 * time.Millisecond
)

// flapLinks: connections between two servers break, and can be made again for a while.
func flapLinks(ctx context.Context, r *run) error {
	one, flaps := r.any().ID, 5+r.rng.IntN(15)
	others := r.others(one)
	if r.rng.IntN(2) == 0 {
		others = others[:1]
	}
	r.say("the links of server %d with %v flap %d times", one, others, flaps)
	for range flaps {
		for _, w := range []weather{{refused: true}, {}} {
			r.net.set(w, bothWays([]int{one}, others)...)
			d := flapMin + time.Duration(r.rng.Int64N(int64(flapMax-flapMin)))
			if !pause(ctx.Done(), d) {
				return ctx.Err()
			}
		}
	}
	return nil
}

func killLeader(ctx context.Context, r *run) error {
	leader, err := r.Leader(ctx)
	if err != nil {
		return err
	}
	r.say("leader %d is killed", leader.ID)
	return errors.Join(leader.Kill(), r.goOn(ctx))
}

func killOne(ctx context.Context, r *run) error {
	s := r.any()
	r.say("server %d is killed", s.ID)
	return errors.Join(s.Kill(), r.wait(ctx))
}

func killAll(_ context.Context, r *run) error {
	r.say("all servers are killed at once")
	return r.Close()
}

// killDuringCut: the leader loses its quorum and then its life, with what it has logged
// and nobody else.
func killDuringCut(ctx context.Context, r *run) error {
	leader, err := r.Leader(ctx)
	if err != nil {
		return err
	}
	if err := cutLeader(ctx, r); err != nil {
		return err
	}
	r.say("server %d is killed", leader.ID)
	return errors.Join(leader.Kill(), leader.Start(), r.wait(ctx))
}

func hangLeader(ctx context.Context, r *run) error {
	leader, err := r.Leader(ctx)
	if err != nil {
		return err
	}
	r.say("leader %d hangs", leader.ID)
	return errors.Join(leader.Pause(), r.goOn(ctx))
}

func hangOne(ctx context.Context, r *run) error {
	s := r.any()
	r.say("server %d hangs", s.ID)
	return errors.Join(s.Pause(), r.wait(ctx))
}

// The times of a hang that should cost no role.
const shortHangMax = 400 * time.Millisecond

// hangShortly: several servers hang for a moment, one after another.
func hangShortly(ctx context.Context, r *run) error {
	for range 3 {
		s := r.any()
		r.say("server %d hangs for a moment", s.ID)
		err := s.Pause()
		pause(ctx.Done(), time.Duration(r.rng.Int64N(int64(shortHangMax))))
		if err := errors.Join(err, s.Resume(), ctx.Err()); err != nil {
			return err
		}
	}
	return nil
}
