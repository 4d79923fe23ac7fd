package clients

import (
	"crypto/sha256"
	"fmt"
	"path"
	"slices"

	"github.com/go-zookeeper/zk"

	"zoo/test/ensemble"
)

// dump is a server's whole tree as a client sees it: each path with its data and
// every field of its Stat. Large values stand as their hash.
type dump map[string]string

// config differs from server to server in no way that matters here, but it is no
// part of what clients wrote.
const internalRoot = "/zookeeper"

// dumpTree reads everything below the root through one client.
func (s *story) dumpTree(c *guest) dump {
	s.Helper()
	_, err := c.Sync("/")
	s.must(err)
	d := dump{}
	s.dumpFrom(c, "/", d)
	return d
}

func (s *story) dumpFrom(c *guest, at string, into dump) {
	s.Helper()
	data, stat, err := c.Get(at)
	s.must(err)
	acl, _, err := c.GetACL(at)
	s.must(err)
	into[at] = fmt.Sprintf("%s %+v %v", shown(data), *stat, acl)
	names, _, err := c.Children(at)
	s.must(err)
	slices.Sort(names)
	for _, name := range names {
		if child := path.Join(at, name); child != internalRoot {
			s.dumpFrom(c, child, into)
		}
	}
}

func shown(data []byte) string {
	if len(data) <= 64 {
		return fmt.Sprintf("%q", data)
	}
	return fmt.Sprintf("%x", sha256.Sum256(data))
}

// wantOneTree fails unless every server shows the same tree, at the same zxid and,
// where the servers tell it, with the same digest. It returns that tree.
func (s *story) wantOneTree() dump {
	s.Helper()
	readers := make([]*guest, len(s.Servers))
	for i, server := range s.Servers {
		readers[i] = s.dial(sessionTimeout, server)
	}
	var first dump
	for i, server := range s.Servers {
		d := s.dumpTree(readers[i])
		if first == nil {
			first = d
		} else if diff := ensemble.Differences(first, d); diff != "" {
			s.Errorf("servers 1 and %d differ:\n%s", server.ID, diff)
		}
	}
	s.settle()
	s.wantOneDigest()
	return first
}

func (s *story) wantOneDigest() {
	s.Helper()
	digests := map[string][]int{}
	for _, server := range s.Servers {
		digest, found, err := server.Monitor(s.ctx, "zk_tree_digest")
		s.must(err)
		if !found {
			s.Log("mntr tells no zk_tree_digest; only the dumps were compared")
			return
		}
		digests[digest] = append(digests[digest], server.ID)
	}
	if len(digests) != 1 {
		s.Errorf("the digests are %v", digests)
	}
}

// everyone may do everything.
func everyone() []zk.ACL { return zk.WorldACL(zk.PermAll) }
