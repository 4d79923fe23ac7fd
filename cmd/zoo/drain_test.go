package main

import "testing"

// The admin port of another machine is not looked for on this one: what answers there could
// be any server.
func TestAnAdminPortIsWhereItsServerIs(t *testing.T) {
	for _, c := range []struct{ client, listens, want string }{
		{"127.0.0.1:2181", "127.0.0.1:8080", "http://127.0.0.1:8080"},
		{"zk1:2181", "https://[::]:8080", "https://zk1:8080"},
		{"zk1:2181", "https://127.0.0.1:8080", ""},
		{"localhost:2181", "127.0.0.1:8080", "http://127.0.0.1:8080"},
		{"zk1:2181", "[::]:8080", "http://zk1:8080"},
		{"zk1:2181", "0.0.0.0:8080", "http://zk1:8080"},
		{"zk1:2181", "10.0.0.1:8080", "http://10.0.0.1:8080"},
		{"zk1:2181", "127.0.0.1:8080", ""},
		{"zk1:2181", "", ""},
	} {
		got, err := (&trustFlags{}).adminURL(c.client, c.listens)
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s, listens on %s: got %q, %v; want %q",
				c.client, c.listens, got, err, c.want)
		}
	}
	// A port that takes both does not say so; who has an authority means HTTPS.
	got, err := (&trustFlags{CA: "ca.pem"}).adminURL("zk1:2181", "[::]:8080")
	if got != "https://zk1:8080" {
		t.Errorf("got %q, %v", got, err)
	}
}
