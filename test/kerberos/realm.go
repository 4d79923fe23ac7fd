package kerberos

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"zoo/test/ensemble"
)

// Name is the realm of the tests.
const Name = "EXAMPLE.ORG"

// Realm is a Kerberos realm in a directory with its own KDC, which is a child of this
// process and dies with it. Nothing of the system's Kerberos is read or changed.
type Realm struct {
	dir  string
	port int
	kdc  *ensemble.Process
}

// The programs of Debian's krb5-kdc and krb5-admin-server.
var programs = []string{"/usr/sbin/kdb5_util", "/usr/sbin/kadmin.local", "/usr/sbin/krb5kdc"}

// Find tells what of MIT's KDC is missing on this machine, or nothing.
func Find() error {
	for _, program := range programs {
		if _, err := os.Stat(program); err != nil {
			return err
		}
	}
	if os.Getuid() != 0 {
		return fmt.Errorf("the KDC's programs want to be run by root")
	}
	return nil
}

// Only TCP, so that one port is enough; and no name service, so that the machine's
// does not matter.
const clientConfig = `[libdefaults]
 default_realm = %[1]s
 dns_lookup_kdc = false
 dns_lookup_realm = false
 dns_canonicalize_hostname = false
 rdns = false
 udp_preference_limit = 1
[realms]
 %[1]s = {
  kdc = 127.0.0.1:%[2]d
 }
`

const kdcConfig = `[kdcdefaults]
 kdc_listen = ""
 kdc_tcp_listen = 127.0.0.1:%[2]d
[realms]
 %[1]s = {
  database_name = %[3]s/principal
  key_stash_file = %[3]s/stash
  acl_file = %[3]s/kadm5.acl
  supported_enctypes = aes256-cts-hmac-sha1-96:normal aes128-cts-hmac-sha256-128:normal
 }
[logging]
 kdc = FILE:%[3]s/kdc.log
`

// NewRealm makes a realm in an empty directory and starts its KDC.
func NewRealm(ctx context.Context, dir string) (*Realm, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	r := &Realm{dir: dir, port: port}
	for name, text := range map[string]string{
		r.Config():             fmt.Sprintf(clientConfig, Name, port),
		r.file("kdc.conf"):     fmt.Sprintf(kdcConfig, Name, port, dir),
		r.file("kadm5.acl"):    "",
		r.file("kdc.log"):      "",
		r.file("kdc.out"):      "",
		r.file("kadmin.local"): "",
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	if err := r.run(ctx, programs[0], "create", "-r", Name, "-s", "-P", "master"); err != nil {
		return nil, err
	}
	return r, r.start(ctx)
}

// freePort is one that nobody listens on. Between here and the KDC's own listening
// somebody else could take it; then the KDC ends, and start tells.
func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return listener.Addr().(*net.TCPAddr).Port, listener.Close()
}

func (r *Realm) start(ctx context.Context) error {
	out, err := os.Create(r.file("kdc.out"))
	if err != nil {
		return err
	}
	if r.kdc, err = ensemble.StartProcess(r.command(ctx, programs[2], "-n", "-P",
		r.file("pid")), out); err != nil {
		return err
	}
	return ensemble.Until(ctx, "the KDC listens", func(ctx context.Context) error {
		if r.kdc.Ended() {
			text, _ := os.ReadFile(r.file("kdc.out"))
			return fmt.Errorf("the KDC has ended: %s", text)
		}
		conn, err := new(net.Dialer).DialContext(ctx, "tcp",
			net.JoinHostPort("127.0.0.1", strconv.Itoa(r.port)))
		if err != nil {
			return err
		}
		return conn.Close()
	})
}

// Close ends the KDC.
func (r *Realm) Close() error {
	if r.kdc == nil {
		return nil
	}
	return r.kdc.Kill()
}

// Config is the path of the realm's krb5.conf.
func (r *Realm) Config() string { return r.file("krb5.conf") }

// KeyTab adds principals with random keys, and gives the path of a file with them.
// Principals that exist get new keys, of the next version.
func (r *Realm) KeyTab(ctx context.Context, name string, principals ...string) (string, error) {
	file := r.file(name + ".keytab")
	for _, principal := range principals {
		// It fails for a principal that is there, whose key the next command changes.
		_ = r.admin(ctx, "addprinc -randkey "+principal)
		if err := r.admin(ctx, "ktadd -k "+file+" "+principal); err != nil {
			return "", err
		}
	}
	return file, nil
}

// Rekey gives a principal new keys, which no keytab has.
func (r *Realm) Rekey(ctx context.Context, principal string) error {
	return r.admin(ctx, "cpw -randkey "+principal)
}

func (r *Realm) admin(ctx context.Context, query string) error {
	return r.run(ctx, programs[1], "-r", Name, "-q", query)
}

func (r *Realm) file(name string) string { return filepath.Join(r.dir, name) }

func (r *Realm) command(ctx context.Context, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = r.dir
	cmd.Env = append(os.Environ(), "KRB5_CONFIG="+r.Config(),
		"KRB5_KDC_PROFILE="+r.file("kdc.conf"), "KRB5_TRACE="+os.DevNull)
	return cmd
}

// commandLimit is for machines that are busy with other tests.
const commandLimit = time.Minute

func (r *Realm) run(ctx context.Context, program string, args ...string) error {
	ctx, cancel := context.WithTimeout(ctx, commandLimit)
	defer cancel()
	out, err := r.command(ctx, program, args...).CombinedOutput()
	// kadmin.local ends well when a query fails; its error line tells.
	if err == nil && strings.Contains(string(out), " while ") {
		err = fmt.Errorf("a query failed")
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w\n%s", program, strings.Join(args, " "), err, out)
	}
	return nil
}
