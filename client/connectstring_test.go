package client_test

import (
	"errors"
	"slices"
	"testing"

	"zoo/client"
)

func TestConnectStringsAreReadAsZooKeeperDoes(t *testing.T) {
	for text, want := range map[string][]string{
		"a":                   {"a:2181", ""},
		"a:1,b:2/app/x":       {"a:1", "b:2", "/app/x"},
		"[::1]:9, ::1/":       {"[::1]:9", "[::1]:2181", ""},
		"10.0.0.1:2181,,b/zk": {"10.0.0.1:2181", "b:2181", "/zk"},
		"dns-srv://_zookeeper._tcp.example.com/app": {
			"dns-srv://_zookeeper._tcp.example.com", "/app"},
		"dns-srv://zk.example.com/": {"dns-srv://zk.example.com", ""},
	} {
		servers, chroot, err := client.ParseConnectString(text)
		if got := append(servers, chroot); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q is %q (%v), want %q", text, got, err, want)
		}
	}
	for _, text := range []string{"", ",", "/app", "a:1/app/", "a/x//y", "dns-srv://",
		"dns-srv:///app", "dns-srv://a:2181", "dns-srv://a,b", "dns-srv://a/app/"} {
		if _, _, err := client.ParseConnectString(text); !errors.Is(err, client.ErrOptions) {
			t.Errorf("%q gives %v", text, err)
		}
	}
}
