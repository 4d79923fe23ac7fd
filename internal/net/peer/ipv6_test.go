package peer

import (
	"net"
	"testing"
	"testing/synctest"

	"zoo"
	"zoo/internal/wire"
)

// The plot: server 3 knows nobody, and server 1 introduces itself with the address as Java
// writes it: in brackets, and in full.
func TestAddressesOfIPv6AreDialledAsJavaWritesThem(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := newNetwork()
		_, heard := start(t, n, 3, nil)
		const java = "[0:0:0:0:0:0:0:1]:3888"
		listener, err := n.bind(t.Context(), java)
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		introduceAs(t, n, address(3), wire.ElectionHandshake{
			Protocol: wire.ElectionProtocolV1, ServerID: 1, Addresses: []string{java}})
		back, err := listener.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer back.Close()
		got, err := wire.ReadElectionHandshake(back)
		if err != nil || got.ServerID != 3 {
			t.Fatalf("dialled back by %+v, %v", got, err)
		}
		synctest.Wait()
		heard.expect(t, "up 1")
	})
}

func TestWhatLeadsNowhereIsNotDialled(t *testing.T) {
	for given, want := range map[string]string{
		"[::]:3888": "", "0.0.0.0:3888": "", "[::1]:3888": "[::1]:3888", "::1:3888": "",
		"[fe80::1%eth0]:3888": "[fe80::1%eth0]:3888", "zoo1:3888": "zoo1:3888", "zoo1": "",
	} {
		if got := dialable([]string{given}); got != want {
			t.Errorf("%s: %q", given, got)
		}
	}
}

// The plot: two servers on the loopback of IPv6, found by their addresses and by TLS's
// check of them.
func TestMembersMeetOnIPv6(t *testing.T) {
	probe, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skipf("LEFT OUT: this machine has no IPv6: %v", err)
	}
	probe.Close()
	w := newTown(t)
	ports := map[zoo.ServerID]string{}
	for id := range zoo.ServerID(2) {
		listener, err := net.Listen("tcp", "[::1]:0")
		w.must(err)
		ports[id+1] = listener.Addr().String()
		listener.Close()
	}
	for id, port := range ports {
		e, err := Start(ElectionConfig{ID: id, Listen: []string{port}, Members: ports,
			HandshakeTimeout: townLimit, Refused: w.refused(id), Security: w.tls("::1"),
		}, townEvents{w, id})
		w.must(err)
		t.Cleanup(e.Close)
	}
	w.await("up")
	w.await("up")
}
