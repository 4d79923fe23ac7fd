package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"

	"zoo/client"
	"zoo/internal/net/certs"
	"zoo/internal/shell"
)

type shellCommand struct {
	Args []string `arg:"" optional:"" name:"zkCli's arguments" help:"[-Dname=value…] [-server host:port[,…][/chroot]] [-timeout ms] [-r] [-waitforconnection] [-client-configuration file] [command args…]"`
}

// exitCode ends the program without a word: the shell has said what there was to say.
type exitCode int

// Error is for nobody.
func (c exitCode) Error() string { return fmt.Sprintf("exit code %d", int(c)) }

// Run talks to servers as ZooKeeper's zkCli does.
func (c *shellCommand) Run(ctx context.Context, m *Main) error {
	set, rest := definitions(c.Args)
	args, err := shell.ParseArguments(rest, m.Stderr)
	if err != nil {
		return err
	}
	if args.Configuration != "" {
		if err := set.read(args.Configuration); err != nil {
			return err
		}
	}
	opts, err := set.options(m.Stderr)
	if err != nil {
		return err
	}
	s := &shell.Shell{Arguments: args, In: os.Stdin, Out: m.Stdout, Err: m.Stderr,
		Terminal: isTerminal(os.Stdin), ReadFile: os.ReadFile, Options: opts,
		OpenFile: openFile, CreateFile: createFile,
		Version: version + ", built on " + built}
	m.edit(ctx, s)
	code, err := s.Run(ctx)
	if err == nil && code != exitOK {
		return exitCode(code)
	}
	return err
}

// properties are ZooKeeper's settings of a client, without the prefix zookeeper.
type properties map[string]string

// definitions takes the -D options off the front.
func definitions(args []string) (properties, []string) {
	set := properties{}
	for len(args) > 0 && strings.HasPrefix(args[0], "-D") {
		name, value, _ := strings.Cut(args[0][len("-D"):], "=")
		set[strings.TrimPrefix(name, "zookeeper.")] = value
		args = args[1:]
	}
	return set, args
}

// read adds a file's settings, which count more than those of the command line.
func (p properties) read(name string) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return fmt.Errorf("client configuration: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		key, value, found := strings.Cut(line, "=")
		if line == "" || line[0] == '#' || line[0] == '!' {
			continue
		}
		if !found {
			return fmt.Errorf("client configuration %s: %q is not name=value", name, line)
		}
		p[strings.TrimPrefix(strings.TrimSpace(key), "zookeeper.")] = strings.TrimSpace(value)
	}
	return nil
}

// says tells whether a setting that is true or false has this value.
func (p properties) says(name, value string) bool { return strings.EqualFold(p[name], value) }

// options are the client's. Settings that only a JVM has a use for are passed over. Why
// there is no encrypted connection is told on complaints.
func (p properties) options(complaints io.Writer) (client.Options, error) {
	var opts client.Options
	if text, ok := p["jute.maxbuffer"]; ok {
		n, err := strconv.ParseInt(text, 0, 32)
		if err != nil || n <= 0 {
			return opts, fmt.Errorf("jute.maxbuffer: %q is not a number of bytes", text)
		}
		opts.FrameBytesMax = int(n)
	}
	if p.says("disableAutoWatchReset", "true") {
		opts.KeepWatches = client.ForgetWatches
	}
	var err error
	if opts.SASL, err = p.sasl(complaints); err != nil {
		return opts, err
	}
	if !p.says("client.secure", "true") {
		return opts, nil
	}
	trust, err := certs.OpenClient(p.certs(), slog.New(slog.DiscardHandler))
	if err != nil {
		return opts, fmt.Errorf("client.secure: %w", err)
	}
	opts.Dial = (&encrypted{trust: trust, complaints: complaints}).dial
	return opts, nil
}

// certs are the settings of TLS, by their names below ssl. Whom to believe may also be
// set for all of Java.
func (p properties) certs() certs.Config {
	store := func(name string) certs.Store {
		return certs.Store{Location: p[name], Password: p[name+"Password"], Type: p[name+"Type"]}
	}
	own := func(name string) certs.Store {
		return certs.Store{Location: p["ssl."+name+".location"],
			Password:     p["ssl."+name+".password"],
			PasswordPath: p["ssl."+name+".passwordPath"], Type: p["ssl."+name+".type"]}
	}
	trust := own("trustStore")
	if trust.Location == "" {
		trust = store("javax.net.ssl.trustStore")
	}
	return certs.Config{Prefix: "ssl.", KeyStore: own("keyStore"), TrustStore: trust,
		Protocol:             p["ssl.protocol"],
		EnabledProtocols:     list(p["ssl.enabledProtocols"]),
		CipherSuites:         list(p["ssl.ciphersuites"]),
		HostnameVerification: !p.says("ssl.hostnameVerification", "false"),
		CRL:                  p.says("ssl.crl", "true"), CRLLocation: p["ssl.crl.location"],
		OCSP: p.says("ssl.ocsp", "true")}
}

// list is a setting with commas; nil if there is nothing.
func list(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

// encrypted makes connections with TLS.
type encrypted struct {
	trust      *certs.Context
	complaints io.Writer

	mu sync.Mutex
	// told is the last complaint: a client tries again and again, and says it once.
	told string
}

func (e *encrypted) dial(ctx context.Context, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	var d net.Dialer
	plain, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	nc := tls.Client(plain, e.trust.Client(host))
	if err := nc.HandshakeContext(ctx); err != nil {
		e.complain(fmt.Sprintf("TLS with %s: %v", address, err))
		return nil, errors.Join(fmt.Errorf("tls: %w", err), plain.Close())
	}
	return nc, nil
}

// complain tells it, if anybody wants to hear.
func (e *encrypted) complain(text string) {
	if e.complaints == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if text != e.told {
		e.told = text
		fmt.Fprintln(e.complaints, text)
	}
}
