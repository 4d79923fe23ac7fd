package client_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"

	"zoo"
	"zoo/client"
)

// book is a Resolver of what a test writes into it.
type book struct {
	hosts map[string][]string
	srv   []*net.SRV
}

func (b *book) LookupHost(_ context.Context, host string) ([]string, error) {
	if addresses := b.hosts[host]; addresses != nil {
		return addresses, nil
	}
	return nil, errNobody
}

func (b *book) LookupSRV(_ context.Context, service, proto, name string) (
	string, []*net.SRV, error) {
	if service+proto != "" || name != "_zookeeper._tcp.example" {
		return "", nil, errNobody
	}
	return name, b.srv, nil
}

func TestEachAddressOfANameIsAServer(t *testing.T) {
	hosts := client.DNSHosts{Names: []string{"zk.example:9", "none.example"},
		Resolver: &book{hosts: map[string][]string{"zk.example": {"10.0.1.1", "fd00::1"}}},
		Zone:     func(at netip.Addr) string { return fmt.Sprint("v4=", at.Is4()) }}
	servers, err := hosts.Servers(t.Context())
	check(t, err)
	want := "[{10.0.1.1:9 zk.example:9 v4=true 0 0} {[fd00::1]:9 zk.example:9 v4=false 0 0}]"
	if got := fmt.Sprint(servers); got != want {
		t.Fatal(got)
	}
	hosts.Names = hosts.Names[1:]
	if servers, err := hosts.Servers(t.Context()); !errors.Is(err, errNobody) ||
		!strings.Contains(err.Error(), "none.example:2181") {
		t.Fatal(servers, err)
	}
}

func TestSRVRecordsHavePrioritiesAndWeights(t *testing.T) {
	hosts := client.SRVHosts{Name: "_zookeeper._tcp.example", Resolver: &book{srv: []*net.SRV{
		{Target: "a.example.", Port: 1, Priority: 2, Weight: 3}, {Target: "."}}}}
	servers, err := hosts.Servers(t.Context())
	if got := fmt.Sprint(servers); err != nil || got != "[{a.example:1   2 3}]" {
		t.Fatal(got, err)
	}
	hosts.Name = "other"
	if _, err := hosts.Servers(t.Context()); !errors.Is(err, errNobody) {
		t.Fatal(err)
	}
}

func TestServersOnThisMachineAreLocal(t *testing.T) {
	for address, want := range map[string]int{"127.0.0.1:1": 0, "[::1]:1": 0, "localhost:1": 0,
		"192.0.2.1:1": 1, "zk.example:1": 1, "nonsense": 1} {
		if got := client.PreferLocal(client.Server{Address: address}); got != want {
			t.Errorf("%s: %d", address, got)
		}
	}
}

// The plot: an ensemble moves to another address while the name service is away for a
// moment. The client tries what it knew, and finds the new address with the first answer.
func TestAnEnsembleThatMovesIsFoundAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		names := &book{hosts: map[string][]string{"zk": {"10.0.0.1"}}}
		f := newFake(t)
		opts := f.options()
		opts.Servers, opts.Hosts = nil, client.DNSHosts{Names: []string{"zk:1"}, Resolver: names}
		dialed := make(chan string)
		opts.Dial = func(ctx context.Context, address string) (net.Conn, error) {
			dialed <- address
			return f.dial(ctx, address)
		}
		c := f.begin(opts)
		for i, want := range []string{"10.0.0.1:1", "10.0.0.1:1", "10.0.0.2:1"} {
			if address := <-dialed; address != want {
				t.Fatalf("attempt %d at %s", i, address)
			}
			p := f.accept(granted())
			switch i {
			case 0:
				names.hosts = nil
			case 1:
				names.hosts = map[string][]string{"zk": {"10.0.0.2"}}
			case 2:
				p.leave(c)
				return
			}
			p.nc.Close()
		}
	})
}

// The plot: the name service has no answer, or one that is empty. Calls hear why.
func TestCallsFailWhenNoServerIsKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, hosts := range []client.HostProvider{client.StaticHosts{},
			client.DNSHosts{Names: []string{"zk"}, Resolver: &book{}}} {
			c, err := client.New(client.Options{Hosts: hosts})
			check(t, err)
			_, err = c.Exists(t.Context(), "/a", nil)
			if !errors.Is(err, zoo.ErrConnectionLoss) {
				t.Error(err)
			}
			_ = c.Close(t.Context())
		}
	})
	_, err := client.New(client.Options{Servers: []string{"a"}, Hosts: client.StaticHosts{}})
	if !errors.Is(err, client.ErrOptions) {
		t.Error(err)
	}
}

// The plot: three servers in two zones, of which the nearest dies. The client goes to the
// other one of its zone, and only then further.
func TestTheNearestServerIsTriedFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		opts := f.options()
		opts.Servers, opts.Prefer = nil, client.PreferZone("b")
		opts.Hosts = client.StaticHosts{{Address: "far:1", Zone: "a"},
			{Address: "near:1", Zone: "b"}, {Address: "near:2", Zone: "b"}}
		var dialed []string
		dead := map[string]bool{}
		opts.Dial = func(ctx context.Context, address string) (net.Conn, error) {
			dialed = append(dialed, address)
			if dead[address] {
				return nil, errNobody
			}
			return f.dial(ctx, address)
		}
		c := f.begin(opts)
		for range 2 {
			p := f.accept(granted())
			dead[dialed[len(dialed)-1]] = true
			p.nc.Close()
		}
		p := f.accept(granted())
		first, second, last := dialed[0], dialed[1], dialed[len(dialed)-1]
		if !strings.HasPrefix(first, "near") || !strings.HasPrefix(second, "near") ||
			first == second || last != "far:1" {
			t.Fatal(dialed)
		}
		p.leave(c)
	})
}
