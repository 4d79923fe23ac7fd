package config

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"zoo"
	"zoo/internal/core/quorum"
)

// settle derives what depends on several lines and checks them against each
// other. The order matters: the ensemble decides whether myid is needed.
func (d *draft) settle() error {
	return errors.Join(d.settleDirs(), d.settleTimeouts(), d.settleEnsemble(), d.settleClient(),
		d.settleAdmin(), d.settleMetrics(), d.settleAuth(), d.settlePeers(), d.settleLimits(),
		d.settleTraces())
}

// failAt is an error at the place where key was given, or about the file.
func (d *draft) failAt(key, reason string) error {
	if s, ok := d.set[key]; ok {
		return s.fail(reason)
	}
	return &Error{File: d.File, Key: key, Reason: reason}
}

func (d *draft) warnAt(key, text string) {
	w := Warning{File: d.File, Key: key, Text: text}
	if s, ok := d.set[key]; ok {
		w = s.warn(text)
	}
	d.warnings = append(d.warnings, w)
}

func (d *draft) settleDirs() error {
	if d.DataDir == "" {
		return d.failAt("dataDir", "is missing")
	}
	for _, key := range []string{"dataDir", "dataLogDir"} {
		if s, ok := d.set[key]; ok && !filepath.IsAbs(s.value) {
			d.warnAt(key, "is relative to the directory the server is started in")
		}
	}
	if d.DataLogDir == "" {
		d.DataLogDir = d.DataDir
	}
	return nil
}

// The shortest and the longest session when nothing else was said, in ticks. A
// client pings every third of its timeout, and one lost ping must not cost it the
// session.
const (
	sessionTimeoutMinTicks = 2
	sessionTimeoutMaxTicks = 20
)

func orTicks(timeout, tick time.Duration, ticks int) time.Duration {
	if timeout < 0 {
		return time.Duration(ticks) * tick
	}
	return timeout
}

func (d *draft) settleTimeouts() error {
	d.SessionTimeoutMin = orTicks(d.timeoutMin, d.Tick, sessionTimeoutMinTicks)
	d.SessionTimeoutMax = orTicks(d.timeoutMax, d.Tick, sessionTimeoutMaxTicks)
	if d.SessionTimeoutMin > d.SessionTimeoutMax {
		return d.failAt("minSessionTimeout", fmt.Sprintf("%d ms is above maxSessionTimeout %d ms",
			d.SessionTimeoutMin.Milliseconds(), d.SessionTimeoutMax.Milliseconds()))
	}
	return nil
}

// settleEnsemble decides between standalone and quorum, by Java's rules.
func (d *draft) settleEnsemble() error {
	quorum.SortServers(d.Servers)
	voters := 0
	for _, s := range d.Servers {
		if !s.Observer {
			voters++
		}
	}
	observers := len(d.Servers) - voters
	switch {
	case voters == 0 && !d.StandaloneEnabled:
		return d.failAt("standaloneEnabled", "is false, and no server can vote")
	case voters == 0 && observers > 0:
		return &Error{File: d.File, Reason: "observers without any server that votes"}
	case voters == 1 && observers > 0 && d.StandaloneEnabled:
		return &Error{File: d.File, Reason: "observers cannot join a standalone server; " +
			"set standaloneEnabled=false"}
	case voters == 0 || voters == 1 && d.StandaloneEnabled:
		return d.becomeStandalone()
	}
	if err := d.settleHierarchy(); err != nil {
		return err
	}
	if voters%2 == 0 && d.Hierarchy == nil {
		d.warnings = append(d.warnings, Warning{File: d.File, Text: fmt.Sprintf(
			"%d voting servers tolerate no more failures than %d", voters, voters-1)})
	}
	return d.becomeMember()
}

// settleHierarchy gathers the lines group.N and weight.N. Whatever view they make is
// checked here, where the file is known.
func (d *draft) settleHierarchy() error {
	var errs []error
	h := quorum.Hierarchy{Weights: map[zoo.ServerID]int64{}}
	for _, key := range slices.Sorted(maps.Keys(d.set)) {
		if number, ok := strings.CutPrefix(key, "group."); ok {
			g, err := quorum.ParseGroup(number, d.set[key].value)
			if err != nil {
				errs = append(errs, d.failAt(key, err.Error()))
			}
			h.Groups = append(h.Groups, g)
		}
		if number, ok := strings.CutPrefix(key, "weight."); ok {
			id, w, err := quorum.ParseWeight(number, d.set[key].value)
			if err != nil {
				errs = append(errs, d.failAt(key, err.Error()))
			}
			h.Weights[id] = w
		}
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	if len(h.Groups)+len(h.Weights) > 0 {
		d.Hierarchy = &h
	}
	view, err := d.View()
	if err != nil {
		return &Error{File: d.File, Reason: err.Error()}
	}
	return d.settleOracle(view)
}

// settleOracle tells when the oracle has no say. With groups Java lets the majority decide,
// whatever they say.
func (d *draft) settleOracle(view *quorum.View) error {
	n := len(view.Voters())
	switch {
	case d.Peers.OraclePath == "":
	case d.Hierarchy != nil:
		return d.failAt("oraclePath", "decides for a majority of two servers, and there are "+
			"groups; leave one of them out")
	case n != 2:
		d.warnAt("oraclePath", fmt.Sprintf("has no effect: it decides for two voting servers, "+
			"and there are %d", n))
	default:
		d.warnAt("oraclePath", "lets one server decide alone: what it has acknowledged is lost "+
			"if the oracle grants the other one before that has caught up")
	}
	return nil
}

// becomeStandalone drops the ensemble. A single server.N line keeps its client
// port, so that it means the same as before a second server joins.
func (d *draft) becomeStandalone() error {
	d.ID = 1
	var err error
	if len(d.Servers) == 1 {
		err = d.adoptClient(d.Servers[0])
		d.warnAt(d.Servers[0].Key(), "is the only server; it runs standalone")
	}
	d.Servers = nil
	return err
}

func (d *draft) becomeMember() error {
	var errs []error
	if d.InitLimitTicks == 0 {
		errs = append(errs, d.failAt("initLimit", "is missing"))
	}
	if d.SyncLimitTicks == 0 {
		errs = append(errs, d.failAt("syncLimit", "is missing"))
	}
	if err := d.settleID(); err != nil {
		return errors.Join(append(errs, err)...)
	}
	id := d.ID
	self, ok := d.Server(id)
	if !ok {
		errs = append(errs, &Error{File: filepath.Join(d.DataDir, "myid"), Line: 1,
			Reason: d.whyNoMember(id)})
		return errors.Join(errs...)
	}
	d.Observer = self.Observer
	if _, given := d.set["peerType"]; given && d.Observer != (d.peerType == "observer") {
		d.warnAt("peerType", "is not what "+self.Key()+" says, which counts")
	}
	return errors.Join(append(errs, d.adoptClient(self))...)
}

// adoptClient takes the client part of this server's own line.
func (d *draft) adoptClient(self Server) error {
	if self.ClientPort == 0 {
		return nil
	}
	if d.clientPort != 0 && d.clientPort != self.ClientPort {
		return d.failAt("clientPort", fmt.Sprintf("%d is not the client port %d of %s",
			d.clientPort, self.ClientPort, self.Key()))
	}
	d.clientPort = self.ClientPort
	if d.clientHost == "" {
		d.clientHost = self.ClientHost
	}
	return nil
}

func (d *draft) settleClient() error {
	if d.ClientListen != "" {
		var err error
		d.SecureListen, err = d.listener("secureClientPort", d.secureHost, d.securePort)
		return err
	}
	if d.clientPort == 0 && d.securePort == 0 {
		d.warnings = append(d.warnings, Warning{File: d.File, Key: "clientPort",
			Text: "is missing; no client can connect"})
	}
	var errs [2]error
	d.ClientListen, errs[0] = d.listener("clientPort", d.clientHost, d.clientPort)
	d.SecureListen, errs[1] = d.listener("secureClientPort", d.secureHost, d.securePort)
	return errors.Join(errs[:]...)
}

// listener joins a port and its address, which may not stand alone.
func (d *draft) listener(key, host string, port int) (string, error) {
	if port == 0 {
		if host != "" {
			return "", d.failAt(key+"Address", "needs a "+key)
		}
		return "", nil
	}
	host = strings.Trim(host, "[]")
	if host == "0.0.0.0" {
		host = ""
	}
	return net.JoinHostPort(host, strconv.Itoa(port)), nil
}

// settleAdmin finds where the admin server listens.
func (d *draft) settleAdmin() error {
	if !d.adminOn {
		return nil
	}
	d.Admin.Listen = joinPort(d.adminHost, d.adminPort)
	if d.Admin.ClientNeeded && !d.Admin.Secured() {
		d.warnAt("admin.needClientAuth", "has no effect: without admin.forceHttps or "+
			"admin.portUnification nobody shows a certificate")
	}
	return nil
}

// joinPort is where to listen; the address that stands for all may be left out.
func joinPort(host string, port int) string {
	host = strings.Trim(host, "[]")
	if host == "0.0.0.0" {
		host = ""
	}
	return net.JoinHostPort(host, strconv.Itoa(port))
}

// settleMetrics finds where ZooKeeper's exporter listens, if it is wanted.
func (d *draft) settleMetrics() error {
	switch d.provider {
	case providerPrometheus:
		d.settlePrometheus()
		return nil
	case providerDefault, providerNull:
	default:
		d.warnAt("metricsProvider.className", "is none of ZooKeeper's own: the metrics are "+
			"told by mntr and on the admin port")
	}
	for _, key := range []string{"metricsProvider.httpPort", "metricsProvider.httpHost",
		"metricsProvider.httpsPort"} {
		if _, given := d.set[key]; given {
			d.warnAt(key, "has no effect without metricsProvider.className="+providerPrometheus)
		}
	}
	return nil
}

// settlePrometheus finds the ports of the exporter. As in ZooKeeper 3.10 a port for HTTPS
// leaves none for HTTP, unless it is named.
func (d *draft) settlePrometheus() {
	_, plain := d.set["metricsProvider.httpPort"]
	secure := d.metricsSecurePort >= 0
	if d.metricsPort >= 0 && (plain || !secure) {
		d.Metrics.Listen = joinPort(d.metricsHost, d.metricsPort)
	}
	if secure {
		d.Metrics.SecureListen = joinPort(d.metricsHost, d.metricsSecurePort)
	}
	if d.Metrics.Listen == "" && !secure {
		d.warnAt("metricsProvider.httpPort", "is -1, and metricsProvider.httpsPort is not set: "+
			"the metrics are on the admin port only")
	}
	switch {
	case d.metricsNeed:
		d.Metrics.TLS.ClientAuth = "need"
	case d.metricsWant:
		d.Metrics.TLS.ClientAuth = "want"
	default:
		d.Metrics.TLS.ClientAuth = "none"
	}
}

// settleAuth gathers the families of keys, and refuses to enforce nothing.
func (d *draft) settleAuth() error {
	for _, key := range slices.Sorted(maps.Keys(d.set)) {
		value := d.set[key].value
		if key == "superUser" || strings.HasPrefix(key, "superUser.") {
			d.Auth.SASLSuperUsers = append(d.Auth.SASLSuperUsers, value)
		}
		if name, ok := strings.CutPrefix(key, "authProvider."); ok {
			d.Auth.Providers = append(d.Auth.Providers, Provider{Key: name, Class: value})
		}
	}
	if !d.enforceAuth {
		d.Auth.EnforcedSchemes = nil
		return nil
	}
	if len(d.Auth.EnforcedSchemes) == 0 {
		return d.failAt("enforce.auth.enabled", "is true, and enforce.auth.schemes has none")
	}
	return nil
}

// settlePeers refuses what would keep a server out of its own ensemble, or others in it
// by other rules than were asked for.
func (d *draft) settlePeers() error {
	sasl := &d.Peers.SASL
	const off = "is true, and quorum.auth.enableSasl is false; set both"
	switch {
	case sasl.Prove && !sasl.On:
		return d.failAt("quorum.auth.learnerRequireSasl", off)
	case sasl.ProofRequired && !sasl.On:
		return d.failAt("quorum.auth.serverRequireSasl", off)
	case sasl.ProofRequired && !sasl.Prove:
		return d.failAt("quorum.auth.serverRequireSasl", "is true, and "+
			"quorum.auth.learnerRequireSasl is false: no server would let this one in; set both")
	case sasl.On && !sasl.ProofRequired:
		d.warnAt("quorum.auth.enableSasl", "is true, and quorum.auth.serverRequireSasl is "+
			"false: servers without a proof are let in as well")
	}
	return nil
}

// extendedServerIDMax is the last server id whose sessions do not begin with the
// byte that marks extended types of znodes.
const extendedServerIDMax = 254

func (d *draft) settleLimits() error {
	d.settlePurge()
	if _, given := d.set["jute.maxbuffer.extrasize"]; !given {
		d.Limits.FrameExtraBytes = d.FrameBytesMax
	}
	if d.ExtendedTypes && d.ID > extendedServerIDMax {
		return d.failAt("extendedTypesEnabled", fmt.Sprintf("is true, and the id of this "+
			"server is %d: the owners of TTL nodes look like its sessions; give it an id up "+
			"to %d", d.ID, extendedServerIDMax))
	}
	if _, given := d.set["observer.syncEnabled"]; given {
		d.Storage.ObserverUnlogged = d.observerUnlogged
	}
	if d.Storage.Unsynced {
		d.warnAt("forceSync", "is no: writes that clients were told of may be lost in a crash")
	}
	if d.SkipACL {
		d.warnAt("skipACL", "is yes: every client may do everything")
	}
	if d.Peers.NotificationMin > d.Peers.NotificationMax {
		return d.failAt("fastleader.minNotificationInterval", "is above the longest interval")
	}
	return nil
}

// settlePurge: whoever knows Java's keys and gives one of them gets what it says, and
// nothing goes that it would keep.
func (d *draft) settlePurge() {
	_, retain := d.set["autopurge.snapRetainCount"]
	_, interval := d.set["autopurge.purgeInterval"]
	_, age := d.set["autopurge.maxAge"]
	d.Storage.Purge.IntervalOnly = interval
	if (retain || interval) && !age {
		d.Storage.Purge.Age = 0
	}
}

// settleID reads who the server is, unless it was told.
func (d *draft) settleID() (err error) {
	if d.ID == 0 {
		d.ID, err = readMyID(d.DataDir)
	}
	return err
}
