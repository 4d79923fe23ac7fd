package goclient

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"zoo"
	"zoo/client"
	"zoo/test/ensemble"
)

// login is the servers' login configuration.
const login = `Server {
  org.apache.zookeeper.server.auth.DigestLoginModule required user_ann="secret";
};
`

// The plot: ann proves who she is by DIGEST-MD5 and makes a znode of her own. Somebody who
// guesses her password is refused for good.
func TestAClientProvesItselfByDIGESTMD5(t *testing.T) {
	file := filepath.Join(t.TempDir(), "login.conf")
	if err := os.WriteFile(file, []byte(login), 0o600); err != nil {
		t.Fatal(err)
	}
	option := "-Djava.security.auth.login.config=" + file
	t.Run("zoo", func(t *testing.T) {
		binary, err := ensemble.Build(t.Context(), t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		proveItself(t, ensemble.Zoo(binary, option))
	})
	t.Run("java", func(t *testing.T) {
		ensemble.LeaveOut(t, "Java's ZooKeeper", ensemble.FindJava())
		proveItself(t, ensemble.Java("128m", option))
	})
}

func proveItself(t *testing.T, program ensemble.Program) {
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	opts := client.Options{Servers: []string{authenticating(t, ctx, program)},
		SASL: client.DigestMD5("ann", "secret")}
	c, err := client.Dial(ctx, opts)
	must(t, err)
	defer c.Close(ctx)
	ids, err := c.WhoAmI(ctx)
	if err != nil || !slices.Contains(ids, zoo.ID{Scheme: "sasl", ID: "ann"}) {
		t.Fatal(ids, err)
	}
	acl := []zoo.ACL{{Perms: zoo.PermAll, ID: zoo.ID{Scheme: "sasl", ID: "ann"}}}
	_, err = c.Create(ctx, "/ann", nil, client.CreateOptions{ACL: acl})
	must(t, err)
	_, _, err = c.Get(ctx, "/ann", nil)
	must(t, err)
	opts.SASL = client.DigestMD5("ann", "guess")
	if _, err := client.Dial(ctx, opts); !errors.Is(err, zoo.ErrAuthFailed) {
		t.Fatal(err)
	}
}
