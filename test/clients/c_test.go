package clients

import (
	"os"
	"os/exec"
	"testing"

	"zoo/test/ensemble"
)

// cliMT is where Debian puts the C client's shell.
const cliMT = "/usr/lib/zookeeper/bin/cli_mt"

// c starts the C client. It writes its answers through stdio, which would keep them
// until it ends if it was not told to write line by line.
func (s *story) c(server *ensemble.Server) *talk {
	s.Helper()
	c := s.talk(exec.Command("stdbuf", "-oL", cliMT, "-h", server.Address()))
	c.hear("CONNECTED_STATE")
	return c
}

func TestCClientWorksThroughEveryRole(t *testing.T) {
	_, err := os.Stat(cliMT)
	leaveOut(t, "the C client's cli_mt", err)
	_, err = exec.LookPath("stdbuf")
	leaveOut(t, "stdbuf", err)
	s := begin(t)
	witness := s.dial(sessionTimeout, s.leader())
	s.eachRole(func(s *story, server *ensemble.Server) {
		c := s.c(server)
		root := home(s.T, server)
		c.say("create "+root, root+`.*: rc = 0|name=`+root)
		c.say("set "+root+" first", `rc = 0|version=1\b`)
		c.say("get "+root, `first\s`)
		c.say("wexists "+root+"/child", "Error -101 for "+root+"/child")
		_, err := witness.Sync(root)
		s.must(err)
		s.create(witness, root+"/child", "born", 0)
		c.hear("CREATED_EVENT state = CONNECTED_STATE for path " + root + "/child")
		c.say("get "+root+"/child", `born\s`)
		c.say("ls "+root, `child\s`)
		c.say("create +e "+root+"/mine", root+`/mine.*: rc = 0|name=`+root)
		c.say("create +s "+root+"/n-", "n-0000000002")
		c.say("delete "+root+"/child", `rc = 0`)
		c.say("get "+root+"/child", `rc = -101`)
		c.say("addauth digest ann:secret", "")
		c.say("sync "+root, root)
		c.leave()
	})
	// They have gone with their sessions.
	for _, server := range s.Servers {
		s.wantGone(witness, home(t, server)+"/mine")
	}
}
