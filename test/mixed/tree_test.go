package mixed

import (
	"bytes"
	"fmt"
	"os"
	"path"
	"regexp"
	"strconv"
	"sync"

	"zoo/test/ensemble"
)

// dump is a server's whole tree as a client sees it: each path with its data, every
// field of its Stat and its ACL.
type dump struct {
	mu     sync.Mutex // guards the rest
	znodes map[string]string
	err    error
}

// internalRoot is no part of what clients wrote.
const internalRoot = "/zookeeper"

// readersMax is how many ask at once.
const readersMax = 32

// dumpTree reads everything below the root through one client.
func (s *story) dumpTree(c *guest) map[string]string {
	s.Helper()
	d := &dump{znodes: map[string]string{}}
	for level := []string{"/"}; len(level) > 0; {
		level = d.read(c, level)
	}
	s.must(d.err)
	return d.znodes
}

// read reads znodes and gives their children.
func (d *dump) read(c *guest, level []string) []string {
	var below []string
	var readers sync.WaitGroup
	next := make(chan string)
	for range min(readersMax, len(level)) {
		readers.Go(func() {
			for at := range next {
				text, names, err := portray(c, at)
				d.mu.Lock()
				d.znodes[at] = text
				if err != nil {
					d.err = fmt.Errorf("read %s: %w", at, err)
				}
				for _, name := range names {
					if child := path.Join(at, name); child != internalRoot {
						below = append(below, child)
					}
				}
				d.mu.Unlock()
			}
		})
	}
	for _, at := range level {
		next <- at
	}
	close(next)
	readers.Wait()
	return below
}

// portray shows one znode.
func portray(c *guest, at string) (text string, names []string, err error) {
	data, stat, err := c.Get(at)
	if err != nil {
		return "", nil, err
	}
	acl, _, err := c.GetACL(at)
	if err != nil {
		return "", nil, err
	}
	if stat.NumChildren > 0 {
		names, _, err = c.Children(at)
	}
	return fmt.Sprintf("%q %+v %v", data, *stat, acl), names, err
}

// oneTree fails unless every server shows the same tree, at the same zxid and with the
// same digest, and none has found a transaction's digest to be another than its own.
func (s *story) oneTree() map[string]string {
	s.Helper()
	s.oneZxid()
	var first map[string]string
	for _, server := range s.Servers {
		c := s.dial(sessionTimeout, server)
		d := s.dumpTree(c)
		config, _, err := c.Get(internalRoot + "/config")
		s.must(err)
		d[internalRoot+"/config"] = string(config)
		c.Close()
		if first == nil {
			first = d
		} else if diff := ensemble.Differences(first, d); diff != "" {
			s.Errorf("servers 1 and %d differ:\n%s", server.ID, diff)
		}
	}
	s.oneZxid()
	s.oneDigest()
	return first
}

func (s *story) oneZxid() {
	s.Helper()
	s.must(s.WaitOneZxid(s.ctx))
}

// oneDigest looks at what the servers think of each other's digests: each has compared
// the one in every transaction with its own tree. Java's mntr does not tell the tree's.
func (s *story) oneDigest() {
	s.Helper()
	s.forgive()
	digests := map[string][]int{}
	for _, server := range s.Servers {
		n := s.monitor(server, "zk_digest_mismatches_count")
		if n != "0" && !s.forgiven && !s.stumbled(server) && !s.misread(server, n) {
			s.Errorf("server %d (%c) has found %s digests that differ",
				server.ID, s.kind(server), n)
		}
		if s.kind(server) == ours {
			digest := s.monitor(server, "zk_tree_digest")
			digests[digest] = append(digests[digest], server.ID)
		}
	}
	if len(digests) > 1 {
		s.Errorf("the digests are %v", digests)
	}
}

// forgive: now and then Java's leader writes a digest into a transaction that is not that
// of its own tree, as it finds itself when it applies it. Then nobody else is to blame,
// and a restart of any server finds it again. The trees themselves are compared anyway.
func (s *story) forgive() {
	s.Helper()
	leader := s.leader()
	if s.kind(leader) != javas || s.forgiven {
		return
	}
	if n := s.monitor(leader, "zk_digest_mismatches_count"); n != "0" {
		s.forgiven = true
		s.Logf("server %d, Java's leader, has found %s of its own digests to differ", leader.ID, n)
	}
}

// stumbled tells whether a server of Java's has logged transactions twice, which it finds
// itself: its follower may fail at a COMMIT while it is synchronised under load
// (ZOOKEEPER-4394), and its next role logs what the last one has logged already
// (ZOOKEEPER-4712). It replays them, and finds their digests to differ.
func (s *story) stumbled(server *ensemble.Server) bool {
	s.Helper()
	if s.kind(server) != javas {
		return false
	}
	log, err := os.ReadFile(server.LogFile())
	s.must(err)
	if !twiceLogged.Match(log) {
		return false
	}
	s.Logf("server %d (J) has logged transactions twice", server.ID)
	return true
}

// misread tells whether a server of Java's has found digests to differ while it read its own
// files at the start, in front of its first role. Its snapshots are fuzzy, and the one digest
// that they have may be of a moment before the last changes that they hold: where the log comes
// to that moment the tree is ahead of it, and differs until the log has caught up, once for each
// of those changes. What it applied as it came, the same transactions too, it has compared before.
func (s *story) misread(server *ensemble.Server, found string) bool {
	s.Helper()
	if n, err := strconv.Atoi(found); s.kind(server) != javas || err != nil || n > misreadMax {
		return false
	}
	log, err := os.ReadFile(server.LogFile())
	s.must(err)
	life := log[max(bytes.LastIndex(log, []byte(lifeBegins)), 0):]
	differs := bytes.Index(life, []byte(digestDiffers))
	inRole := bytes.Index(life, []byte(roleBegins))
	if differs < 0 || inRole >= 0 && inRole < differs {
		return false
	}
	s.Logf("server %d (J) has read %s digests of its own to differ", server.ID, found)
	return true
}

// misreadMax is how many changes may come between the digest of a snapshot and its last znode.
const misreadMax = 8

// What Java's server says when its process begins, when a follower hears of the first
// proposal, and when a digest differs.
const (
	lifeBegins    = "maxCnxns is not configured"
	roleBegins    = "Learner Got zxid"
	digestDiffers = "Digests are not matching"
)

var twiceLogged = regexp.MustCompile(`FileTxnLog Current zxid \d+ is <= \d+ for`)

func (s *story) monitor(server *ensemble.Server, name string) string {
	s.Helper()
	value, found, err := server.Monitor(s.ctx, name)
	s.must(err)
	if !found {
		s.Fatalf("server %d (%c) does not tell %s", server.ID, s.kind(server), name)
	}
	return value
}
