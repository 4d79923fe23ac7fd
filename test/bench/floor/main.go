package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
)

func main() {
	o, err := parse(os.Args[1:], os.Stderr)
	if err == nil {
		err = o.run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "floor:", err)
		os.Exit(1)
	}
}

// options are what the command line says.
type options struct {
	client, dir string
	id          int
	peers       []string
	valueBytes  int
}

func parse(args []string, complaints io.Writer) (o options, err error) {
	flags := flag.NewFlagSet("floor", flag.ContinueOnError)
	flags.SetOutput(complaints)
	flags.StringVar(&o.client, "client", "127.0.0.1:2181", "`host:port` for clients")
	flags.StringVar(&o.dir, "dir", ".", "existing `directory` of the log")
	flags.IntVar(&o.id, "id", 1, "which of the peers this is, from 1")
	flags.IntVar(&o.valueBytes, "value", 1024, "`bytes` that getData answers with")
	peers := flags.String("peers", "", "`host:port,...` of all servers; the last one leads")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	o.peers = []string{""}
	if *peers != "" {
		o.peers = strings.Split(*peers, ",")
	}
	switch {
	case o.id < 1 || o.id > len(o.peers) || len(o.peers) > peersMax:
		return o, fmt.Errorf("id %d of %d peers, of %d at most", o.id, len(o.peers), peersMax)
	case o.valueBytes < 0 || o.valueBytes > frameBytesMax:
		return o, fmt.Errorf("a value of %d bytes is not in 0 to %d", o.valueBytes, frameBytesMax)
	}
	return o, nil
}

// run serves until something fails.
func (o options) run() error {
	log, err := openRing(filepath.Join(o.dir, "floor.log"), ringBytes)
	if err != nil {
		return err
	}
	defer log.Close()
	life := newLife()
	s := newServer(life, log, o.valueBytes)
	if err := o.join(s); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", o.client)
	if err != nil {
		return err
	}
	defer listener.Close()
	go s.accept(listener)
	<-life.ended
	return life.err
}

// join gives the server its role, once all its peers are linked.
func (o options) join(s *server) error {
	switch {
	case len(o.peers) == 1:
		s.lead("standalone")
		return nil
	case o.id == len(o.peers):
		links, err := o.awaitFollowers()
		if err == nil {
			s.lead("leader", links...)
		}
		return err
	}
	link, err := dial(o.peers[len(o.peers)-1])
	if err == nil {
		s.follow(link)
	}
	return err
}

func (o options) awaitFollowers() (links []net.Conn, err error) {
	listener, err := net.Listen("tcp", o.peers[o.id-1])
	if err != nil {
		return nil, err
	}
	defer listener.Close()
	for range len(o.peers) - 1 {
		link, err := listener.Accept()
		if err != nil {
			return nil, err
		}
		links = append(links, link)
	}
	return links, nil
}

// dialLimit is how long a follower tries to reach its leader, dialPause lies between two
// attempts.
const (
	dialLimit = 30 * time.Second
	dialPause = 10 * time.Millisecond
)

func dial(leader string) (net.Conn, error) {
	for end := time.Now().Add(dialLimit); ; {
		link, err := net.DialTimeout("tcp", leader, dialLimit)
		if err == nil {
			return link, nil
		}
		if time.Now().After(end) {
			return nil, errors.Join(errors.New("no leader"), err)
		}
		<-time.After(dialPause)
	}
}
