package clients

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"zoo/test/ensemble"
)

// zkCli is where Debian puts Java's client.
const zkCli = "/usr/share/zookeeper/bin/zkCli.sh"

func needJava(t *testing.T) {
	t.Helper()
	_, err := exec.LookPath("java")
	if err == nil {
		_, err = os.Stat(zkCli)
	}
	leaveOut(t, "Java's zkCli.sh", err)
}

// talk is a dialogue whose failures end the story.
type talk struct {
	*story
	dialogue *ensemble.Dialogue
}

func (s *story) talk(cmd *exec.Cmd) *talk {
	s.Helper()
	d, err := ensemble.Talk(cmd)
	s.must(err)
	// A program that does not end when its input does is of no further interest.
	s.Cleanup(func() { _ = d.Process().Kill() })
	return &talk{s, d}
}

// say gives a command and waits for what it answers.
func (c *talk) say(command, pattern string) []string {
	c.Helper()
	if err := c.dialogue.Say(command); err != nil {
		c.Fatalf("%s: %v\n%s", command, err, c.dialogue.Transcript())
	}
	return c.hear(pattern)
}

// hearLimit is what an answer may take, a change of the leader included.
const hearLimit = 45 * time.Second

func (c *talk) hear(pattern string) []string {
	c.Helper()
	ctx, cancel := context.WithTimeout(c.ctx, hearLimit)
	defer cancel()
	match, err := c.dialogue.Expect(ctx, pattern)
	c.must(err)
	return match
}

// leave ends the program as its user would.
func (c *talk) leave() {
	c.Helper()
	c.must(c.dialogue.Say("quit"))
	c.must(c.dialogue.Close(c.ctx))
}

// java starts Java's client with the servers in its connection string. Its heap is
// small: several run beside each other on small machines.
func (s *story) java(servers ...*ensemble.Server) *talk {
	s.Helper()
	var addresses []string
	for _, server := range servers {
		addresses = append(addresses, server.Address())
	}
	cmd := exec.Command(zkCli, "-server", strings.Join(addresses, ","))
	cmd.Env = append(os.Environ(), "CLIENT_JVMFLAGS=-Xmx64m -XX:TieredStopAtLevel=1")
	c := s.talk(cmd)
	c.hear("state:SyncConnected")
	return c
}

func TestJavaClientWorksThroughEveryRole(t *testing.T) {
	needJava(t)
	s := begin(t)
	witness := s.dial(sessionTimeout, s.leader())
	s.eachRole(func(s *story, server *ensemble.Server) {
		c := s.java(server)
		root := home(s.T, server)
		c.say("create "+root+" first", "Created "+root+"\n")
		c.say("get -s "+root, `first\n(?s:.*)dataVersion = 0\n`)
		c.say("set "+root+" second", "")
		c.say("get -w "+root, "second\n")
		_, err := witness.Sync(root)
		s.must(err)
		_, err = witness.Set(root, []byte("third"), -1)
		s.must(err)
		c.hear("type:NodeDataChanged path:" + root + `\b`)
		c.say("get "+root, "third\n")

		c.say("create "+root+"/child x", "Created "+root+"/child\n")
		c.say("ls "+root, `\[child\]\n`)
		c.say("create "+root+" again", "Node already exists: "+root)
		c.say("delete "+root, "Node not empty: "+root)
		c.say("create -e -s "+root+"/n- mine", "Created "+root+`/n-0000000001\n`)
		s.tellJavaPermissions(c, root)
		c.say("addWatch -m PERSISTENT_RECURSIVE "+root, "")
		c.say("create "+root+"/child/deep y", "type:NodeCreated path:"+root+"/child/deep\\b")
		c.say("deleteall "+root+"/child", "type:NodeDeleted path:"+root+"/child\\b")
		c.leave()
		// The end of its session takes the ephemeral with it.
		_, err = witness.Sync(root)
		s.must(err)
		s.wantGone(witness, root+"/n-0000000001")
	})
}

func (s *story) tellJavaPermissions(c *talk, root string) {
	s.Helper()
	path := root + "/private"
	c.say("addauth digest bob:secret", "")
	c.say(fmt.Sprintf("create %s hers auth::cdrwa", path), "Created "+path+"\n")
	c.say("getAcl "+path, `'digest,'bob:.*\n: cdrwa\n`)
	stranger := s.dial(sessionTimeout, s.leader())
	_, err := stranger.Sync(path)
	s.must(err)
	_, _, err = stranger.Get(path)
	s.wantError("read by a stranger", err, zk.ErrNoAuth)
	s.must(stranger.AddAuth("digest", []byte("bob:secret")))
	s.wantData(stranger, path, "hers")
}

// A Java session lives through the death of the leader: its ephemeral stays, and
// its watch fires afterwards.
func TestJavaSessionOutlivesTheLeader(t *testing.T) {
	needJava(t)
	s := begin(t)
	c := s.java(s.Servers...)
	c.say("create -e /mine here", "Created /mine\n")
	c.say("create /sign no", "Created /sign\n")
	c.say("get -w /sign", "no\n")
	leader := s.leader()
	s.must(leader.Kill())
	follower := s.followers()[0]
	witness := s.dial(sessionTimeout, follower)
	s.wantData(witness, "/mine", "here")
	_, err := witness.Set("/sign", []byte("yes"), -1)
	s.must(err)
	c.hear(`type:NodeDataChanged path:/sign\b`)
	c.say("get /mine", "here\n")
	s.restart(leader)
	c.leave()
	s.wantGone(witness, "/mine")
}
