package goclient

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"zoo"
	"zoo/client"
	"zoo/client/kerberos"
	"zoo/test/ensemble"
	realm "zoo/test/kerberos"
)

// The plot: alice proves who she is with her keys, to a server that has to prove itself,
// too, and again on the next connection. Once she has other keys in the KDC she cannot.
func TestAClientProvesItselfByKerberos(t *testing.T) {
	t.Run("zoo", func(t *testing.T) {
		binary, err := ensemble.Build(t.Context(), t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		proveByKerberos(t, func(options ...string) ensemble.Program {
			return ensemble.Zoo(binary, options...)
		})
	})
	t.Run("java", func(t *testing.T) {
		ensemble.LeaveOut(t, "Java's ZooKeeper", ensemble.FindJava())
		proveByKerberos(t, func(options ...string) ensemble.Program {
			return ensemble.Java("128m", options...)
		})
	})
}

const kerberosLogin = `Server {
  com.sun.security.auth.module.Krb5LoginModule required useKeyTab=true keyTab="%s"
  storeKey=true useTicketCache=false principal="zookeeper/localhost@%s";
};
`

func proveByKerberos(t *testing.T, program func(options ...string) ensemble.Program) {
	ensemble.LeaveOut(t, "a real KDC", realm.Find())
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	dir := t.TempDir()
	r, err := realm.NewRealm(ctx, dir)
	must(t, err)
	defer r.Close()
	service, err := r.KeyTab(ctx, "service", "zookeeper/localhost@"+realm.Name)
	must(t, err)
	alice, err := r.KeyTab(ctx, "alice", "alice@"+realm.Name)
	must(t, err)
	file := filepath.Join(dir, "login.conf")
	text := fmt.Sprintf(kerberosLogin, service, realm.Name)
	must(t, os.WriteFile(file, []byte(text), 0o600))
	address := authenticating(t, ctx, program("-Djava.security.auth.login.config="+file,
		"-Djava.security.krb5.conf="+r.Config()))
	login, err := kerberos.Login(kerberos.Config{KeyTab: alice, Settings: r.Config(),
		Principal: "alice@" + realm.Name})
	must(t, err)
	opts := client.Options{SASL: login, Hosts: client.StaticHosts{
		{Address: address, Name: "localhost:2181"}}}
	for range 2 {
		c, err := client.Dial(ctx, opts)
		must(t, err)
		ids, err := c.WhoAmI(ctx)
		isAlice := func(id zoo.ID) bool { return id.Scheme == "sasl" && id.ID[:5] == "alice" }
		if err != nil || !slices.ContainsFunc(ids, isAlice) {
			t.Fatal(ids, err)
		}
		must(t, c.Close(ctx))
	}
	must(t, r.Rekey(ctx, "alice@"+realm.Name))
	if _, err := client.Dial(ctx, opts); !errors.Is(err, zoo.ErrAuthFailed) {
		t.Fatal(err)
	}
}

// authenticating starts a server that takes SASL, and gives its address.
func authenticating(t *testing.T, ctx context.Context, program ensemble.Program) string {
	t.Helper()
	e, err := ensemble.New(ensemble.Options{Dir: t.TempDir(), Voters: 1, Program: program,
		TickTime: time.Second, Lines: []string{
			"authProvider.1=org.apache.zookeeper.server.auth.SASLAuthenticationProvider"}})
	must(t, err)
	t.Cleanup(func() { must(t, e.Close()) })
	must(t, errors.Join(e.Start(ctx), e.WaitServing(ctx)))
	return e.Addresses()[0]
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
