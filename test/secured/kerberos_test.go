package secured

import (
	"os"
	"testing"

	"zoo/test/ensemble"
	"zoo/test/kerberos"
)

// The plot: a KDC, and servers of both kinds that prove by tickets that they are the host
// of their server line. zoo leads first, then Java's server.
func TestServersOfBothKindsProveThemselvesByKerberos(t *testing.T) {
	s := begin(t)
	ensemble.LeaveOut(t, "a real KDC", kerberos.Find())
	dir := s.file("realm")
	s.must(os.Mkdir(dir, 0o700))
	realm, err := kerberos.NewRealm(s.ctx, dir)
	s.must(err)
	t.Cleanup(func() { s.must(realm.Close()) })
	const principal = "zkquorum/127.0.0.1@" + kerberos.Name
	keytab, err := realm.KeyTab(s.ctx, "servers", principal)
	s.must(err)
	section := ` {
    com.sun.security.auth.module.Krb5LoginModule required
    useKeyTab=true
    keyTab="` + keytab + `"
    storeKey=true
    useTicketCache=false
    principal="` + principal + `";
};
`
	logins := s.file("krb5.jaas")
	s.must(os.WriteFile(logins, []byte("QuorumServer"+section+"QuorumLearner"+section), 0o600))
	s.serve([]int{2}, []string{"java.security.auth.login.config=" + logins,
		"java.security.krb5.conf=" + realm.Config()},
		append([]string{"quorum.auth.kerberos.servicePrincipal=zkquorum/_HOST"}, saslOn...))
	s.leadersOfBothKinds()
}
