package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"

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
	opts, err := set.options()
	if err != nil {
		return err
	}
	s := &shell.Shell{Arguments: args, In: os.Stdin, Out: m.Stdout, Err: m.Stderr,
		Terminal: isTerminal(os.Stdin), ReadFile: os.ReadFile, Options: opts,
		Version: version + ", built on " + built}
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

// options are the client's. Settings that only a JVM has a use for are passed over.
func (p properties) options() (client.Options, error) {
	var opts client.Options
	if text, ok := p["jute.maxbuffer"]; ok {
		n, err := strconv.ParseInt(text, 0, 32)
		if err != nil || n <= 0 {
			return opts, fmt.Errorf("jute.maxbuffer: %q is not a number of bytes", text)
		}
		opts.FrameBytesMax = int(n)
	}
	if p["disableAutoWatchReset"] == "true" {
		opts.KeepWatches = client.ForgetWatches
	}
	if p["client.secure"] != "true" {
		return opts, nil
	}
	trust, err := certs.Open(p.certs(), slog.New(slog.DiscardHandler))
	if err != nil {
		return opts, fmt.Errorf("client.secure: %w", err)
	}
	opts.Dial = func(ctx context.Context, address string) (net.Conn, error) {
		return dialTLS(ctx, trust, address)
	}
	return opts, nil
}

// certs are the settings of TLS, by their names below ssl.
func (p properties) certs() certs.Config {
	store := func(name string) certs.Store {
		return certs.Store{Location: p["ssl."+name+".location"],
			Password:     p["ssl."+name+".password"],
			PasswordPath: p["ssl."+name+".passwordPath"], Type: p["ssl."+name+".type"]}
	}
	return certs.Config{Prefix: "ssl.", KeyStore: store("keyStore"),
		TrustStore: store("trustStore"), Protocol: p["ssl.protocol"],
		EnabledProtocols:     list(p["ssl.enabledProtocols"]),
		CipherSuites:         list(p["ssl.ciphersuites"]),
		HostnameVerification: p["ssl.hostnameVerification"] != "false",
		CRL:                  p["ssl.crl"] == "true", CRLLocation: p["ssl.crl.location"],
		OCSP: p["ssl.ocsp"] == "true"}
}

// list is a setting with commas; nil if there is nothing.
func list(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

func dialTLS(ctx context.Context, trust *certs.Context, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	var d net.Dialer
	plain, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	encrypted := tls.Client(plain, trust.Client(host))
	if err := encrypted.HandshakeContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("tls: %w", err), plain.Close())
	}
	return encrypted, nil
}
