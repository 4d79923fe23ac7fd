package secured

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"zoo/test/ensemble"
)

// The plot: a server's admin port speaks HTTPS alone and wants a certificate of everybody. The
// tools find out from the server's start-up, and reach it with one; without they say what is
// missing. The doctor asks with the server's own stores, and tells that they end soon.
func TestTheToolsReachAnAdminPortThatWantsACertificate(t *testing.T) {
	s := alone(t)
	s.keys(s.authority())
	binary, err := ensemble.Build(s.ctx, s.dir)
	s.must(err)
	s.Ensemble, err = ensemble.New(ensemble.Options{Dir: s.dir, Voters: 1, Operated: true,
		Program: ensemble.Zoo(binary), Lines: append(s.pemStores()[1:], "admin.forceHttps=true",
			"admin.needClientAuth=true")})
	s.must(err)
	s.Cleanup(func() { s.must(s.Close()) })
	s.must(s.Start(s.ctx))
	server := s.Servers[0]
	https := "https" + strings.TrimPrefix(server.AdminURL(), "http")
	trust := []string{"--ca", s.file("trusted.pem"), "--cert", s.file("keys.pem")}
	for _, c := range []struct {
		args  []string
		wants []string
	}{
		{slices.Concat([]string{"status", "--ready", server.Address()}, trust),
			[]string{"readyz check passed"}},
		{[]string{"status", "--ready", server.Address(), "--ca", s.file("trusted.pem")},
			[]string{"--cert"}},
		{[]string{"status", "--ready", server.Address()}, []string{"--ca"}},
		{slices.Concat([]string{"backup", "create", "--repo", s.file("vault"), "--from", https},
			trust), []string{"backed up snapshot"}},
		{[]string{"doctor", "--skip-ports", filepath.Join(server.Home(), "zoo.cfg")},
			[]string{"the certificate for operators ends at",
				"the certificate that it shows to operators ends at"}},
	} {
		out, _ := exec.CommandContext(s.ctx, binary, c.args...).CombinedOutput()
		for _, want := range c.wants {
			if !strings.Contains(string(out), want) {
				t.Errorf("%q: there is no %q in %s", c.args, want, out)
			}
		}
	}
}
