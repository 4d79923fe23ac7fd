package server

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"zoo"
	"zoo/internal/core/quorum"
	"zoo/internal/core/replica"
	"zoo/internal/core/zab"
	"zoo/internal/disk/vfs"
	"zoo/internal/net/certs"
	"zoo/internal/ops/admin"
	"zoo/internal/wire"
)

// scraped are the metrics as text.
func (r *running) scraped(address string) string {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	url := "http://" + address + "/metrics"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		r.t.Fatal(err)
	}
	defer response.Body.Close()
	all, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		r.t.Fatalf("status %d, %v", response.StatusCode, err)
	}
	return string(all)
}

// The plot: a client writes and reads, and the server is scraped. What the client did is in
// the histograms of all stages that it went through.
func TestAScrapeTellsOfEveryStageOfARequest(t *testing.T) {
	s := startOperated(t)
	c := s.connect()
	c.create("/a", "x")
	c.call(2, wire.OpGetData, &wire.GetDataRequest{Path: "/a"}, zoo.CodeOK)
	got := s.scraped(s.operators.String())
	for _, name := range []string{"update_latency_seconds", "read_latency_seconds",
		"propagation_latency_seconds", "fsync_seconds", "sync_process_seconds",
		"sync_queue_operations", "sync_queue_seconds", "commit_seconds",
		"sync_batch_transactions", "recovery_seconds"} {
		if !regexp.MustCompile(`(?m)^` + name + `_count [1-9]`).MatchString(got) {
			t.Errorf("%s has counted nothing", name)
		}
	}
	for _, want := range []string{"server_state{state=\"standalone\"} 1\n",
		"server_state{state=\"leader\"} 0\n", "zxid_counter ", "process_start_time_seconds "} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q", want)
		}
	}
	if t.Failed() {
		t.Log(got)
	}
}

// The port of ZooKeeper's provider tells the metrics and nothing else.
func TestThePortOfTheProviderHasOnlyTheMetrics(t *testing.T) {
	disk := vfs.NewMem()
	cfg := standaloneConfig(disk)
	operated(&cfg)
	cfg.Scraped = []admin.Config{{Listen: "127.0.0.1:0", MetricsOnly: true}}
	s := start(t, disk, cfg)
	address := s.metricsAt[0].String()
	if got := s.scraped(address); !strings.Contains(got, "\nznode_count ") {
		t.Errorf("no znode_count:\n%s", got)
	}
	for _, path := range []string{"/commands/ruok", "/livez", "/"} {
		response, err := http.Get("http://" + address + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusNotFound {
			t.Errorf("%s: status %d", path, response.StatusCode)
		}
	}
	response, err := http.Post("http://"+address+"/metrics", "text/plain", nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: status %d", response.StatusCode)
	}
}

// A follower that has acknowledged nothing of an epoch owes all of it; observers acknowledge
// nothing, and owe nothing.
func TestLagIsWhatAFollowerHasNotAcknowledged(t *testing.T) {
	status := replica.Status{LastLogged: zoo.MakeZxid(2, 70), Learners: []zab.LearnerStatus{
		{ID: 1, Synced: true, Acked: zoo.MakeZxid(2, 70)},
		{ID: 2, Synced: true, Acked: zoo.MakeZxid(2, 50)},
		{ID: 3, Synced: true, Acked: zoo.MakeZxid(1, 900)},
		{ID: 4, Synced: true, Observer: true},
		{ID: 5, Acked: zoo.MakeZxid(2, 1)},
	}}
	got := ""
	lags(&status, func(key string, lag float64) { got += fmt.Sprintf("%s=%v ", key, lag) })
	if want := "1=0 2=20 3=70 "; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestWhoIsNotInSyncIsNoneToSpare(t *testing.T) {
	members := []quorum.Member{{ID: 1}, {ID: 2}, {ID: 3}, {ID: 4, Observer: true}}
	view, err := quorum.NewView(members, 1)
	if err != nil {
		t.Fatal(err)
	}
	status := replica.Status{Learners: []zab.LearnerStatus{{ID: 2, Synced: true}, {ID: 3},
		{ID: 4, Observer: true, Synced: true}}}
	if n := spareVoters(view, 1, &status); n != 0 {
		t.Errorf("%d of two in sync of three can be lost", n)
	}
	status.Learners[1].Synced = true
	if n := spareVoters(view, 1, &status); n != 1 {
		t.Errorf("%d of three can be lost", n)
	}
}

// Without TLS there is no certificate that could end.
func TestCertificatesTellWhenTheyEnd(t *testing.T) {
	s := &Server{}
	told := 0
	tell := func(string, float64) { told++ }
	s.eachCertificate(tell)
	s.certificates.clients.Store((*certs.Context)(nil))
	s.eachCertificate(tell)
	if told != 0 {
		t.Errorf("%d certificates", told)
	}
}
