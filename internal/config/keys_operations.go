package config

import (
	"fmt"
	"slices"
	"time"
)

const (
	onlyHTTP11 = "HTTP/1.1 is spoken, as Java's server does by default"
	noMetrics  = "no part of the metrics here has it"
	noJVM      = "there is no JVM here"
	noJMX      = "there is no JMX here"
	ownLog     = "the log goes to standard error, as JSON"
)

// ZooKeeper's classes that tell the metrics.
const (
	providers          = "org.apache.zookeeper.metrics."
	providerDefault    = providers + "impl.DefaultMetricsProvider"
	providerNull       = providers + "impl.NullMetricsProvider"
	providerPrometheus = providers + "prometheus.PrometheusMetricsProvider"
)

// rowsOperations is what operators watch.
var rowsOperations = slices.Concat(rowsAdmin, rowsMetrics, rowsAudit)

var rowsAdmin = []row{
	{name: "4lw.commands.whitelist", value: safeWords, parse: whitelist,
		doc: "four-letter words that are answered, or *"},
	{name: "admin.enableServer", value: "true",
		parse: truth(func(d *draft) *bool { return &d.adminOn }),
		doc:   "serve HTTP for operators"},
	{name: "admin.serverAddress", value: "127.0.0.1",
		parse: hostName(func(d *draft) *string { return &d.adminHost }),
		doc:   "address of the admin server; Java's default is 0.0.0.0"},
	{name: "admin.serverPort", value: "8080",
		parse: number(0, 65535, func(d *draft) *int { return &d.adminPort }),
		doc:   "port of the admin server; 0 takes a free one, which the log tells"},
	{name: "admin.keysFile", parse: text(func(d *draft) *string { return &d.Admin.KeysFile }),
		doc: "file with the keys of the admin server's operators, in lines of token SECRET, " +
			"basic USER:PASSWORD and certificate SUBJECT; changes are followed"},
	{name: "admin.open", value: "false",
		parse: truth(func(d *draft) *bool { return &d.Admin.Open }),
		doc: "answer without a key whoever reaches the admin server, also from other machines, " +
			"as Java's does"},
	{name: "admin.commandURL", value: "/commands",
		parse: urlPath(func(d *draft) *string { return &d.Admin.URL }),
		doc:   "path of the commands"},
	{name: "admin.console.edit", value: "false",
		parse: truth(func(d *draft) *bool { return &d.Admin.ConsoleEdit }),
		doc:   "let operators change znodes in the web console, which only reads otherwise"},
	{name: "admin.idleTimeout", value: "30000",
		parse: duration(time.Millisecond, 1,
			func(d *draft) *time.Duration { return &d.Admin.IdleTimeout }),
		doc: "milliseconds after which a connection on which nothing moves ends"},
	{name: "admin.snapshot.enabled", value: "true",
		parse: truth(func(d *draft) *bool { return &d.Admin.Snapshot }),
		doc:   "answer the command snapshot"},
	{name: "admin.restore.enabled", value: "true",
		parse: truth(func(d *draft) *bool { return &d.Admin.Restore }),
		doc:   "answer the command restore"},
	{name: "admin.rateLimiterIntervalInMS", value: "300000",
		parse: millis(func(d *draft) *time.Duration { return &d.Admin.RateInterval }),
		doc: "milliseconds between two restores; between two snapshots a thousandth of " +
			"it, as in Java"},
	{name: "admin.portUnification", value: "false",
		parse: truth(func(d *draft) *bool { return &d.Admin.Unified }),
		doc: "HTTP and HTTPS on the admin port; the first bytes decide. The certificates and " +
			"the versions of TLS are those of ssl.quorum.*, as in Java"},
	{name: "admin.forceHttps", value: "false",
		parse: truth(func(d *draft) *bool { return &d.Admin.TLSForced }),
		doc:   "HTTPS alone on the admin port, whatever admin.portUnification says"},
	{name: "admin.needClientAuth", value: "false",
		parse: truth(func(d *draft) *bool { return &d.Admin.ClientNeeded }),
		doc: "end a TLS handshake at the admin port whose client shows no certificate that " +
			"ssl.quorum.trustStore vouches for"},
	{name: "admin.httpVersion", reason: onlyHTTP11, doc: "the version of HTTP"},
}

var rowsMetrics = slices.Concat([]row{
	{name: "metricsProvider.className", value: providerDefault,
		parse: func(d *draft, value string) error { d.provider = value; return nil },
		doc: "ZooKeeper's class that tells the metrics; its PrometheusMetricsProvider has a " +
			"port of its own. They are on the admin port in any case"},
	{name: "metricsProvider.httpHost", value: "0.0.0.0",
		parse: hostName(func(d *draft) *string { return &d.metricsHost }),
		doc:   "address of the PrometheusMetricsProvider"},
	{name: "metricsProvider.httpPort", value: "7000",
		parse: number(-1, 65535, func(d *draft) *int { return &d.metricsPort }),
		doc: "port of the PrometheusMetricsProvider for HTTP; 0 takes a free one, which the log " +
			"tells, -1 is none, as when only metricsProvider.httpsPort is set"},
	{name: "metricsProvider.httpsPort", value: "-1",
		parse: number(-1, 65535, func(d *draft) *int { return &d.metricsSecurePort }),
		doc: "its port for HTTPS; -1 is none. The same number as httpPort is one port for " +
			"both; the first bytes of a connection decide"},
	{name: "metricsProvider.exportJvmInfo", value: "true",
		parse: truth(func(d *draft) *bool { return &d.Metrics.Process }),
		doc:   "tell of the process as well, as go_* and process_*, on every port"},
	{name: "metricsProvider.ssl.need.client.auth", value: "true",
		parse: truth(func(d *draft) *bool { return &d.metricsNeed }),
		doc:   "end a TLS handshake whose client shows no certificate"},
	{name: "metricsProvider.ssl.want.client.auth", value: "true",
		parse: truth(func(d *draft) *bool { return &d.metricsWant }),
		doc:   "ask for a client's certificate, and take none for an answer"},
	{name: "metricsProvider.ssl.enabledProtocols",
		parse: words(func(d *draft) *[]string { return &d.Metrics.TLS.EnabledProtocols }),
		doc:   "versions of TLS that may be chosen"},
	{name: "metricsProvider.ssl.ciphersuites",
		parse: words(func(d *draft) *[]string { return &d.Metrics.TLS.CipherSuites }),
		doc:   "cipher suites that may be chosen"},
	{name: "metricsProvider.", reason: noMetrics, doc: "threads and queues of the metrics"},
}, storeRows("metricsProvider.ssl.keyStore.", "the server's key and certificate",
	func(d *draft) *KeyStore { return &d.Metrics.TLS.KeyStore }),
	storeRows("metricsProvider.ssl.trustStore.", "the certificates to trust",
		func(d *draft) *KeyStore { return &d.Metrics.TLS.TrustStore }))

var rowsAudit = []row{
	{name: "audit.enable", value: "false",
		parse: truth(func(d *draft) *bool { return &d.Audit.On }),
		doc:   "log who changed what, with what result: docs/operate/audit.md"},
	{name: "audit.impl.class", reason: "a Java class cannot run here; the audit log is JSON",
		doc: "class of the audit log"},
	{name: "audit.file", parse: text(func(d *draft) *string { return &d.Audit.Path }),
		doc: "file of the audit log; without it the lines are in the server's log, with " +
			"the logger audit. Only here, as the next two"},
	{name: "audit.fileMaxSize", value: "64m", parse: auditSize,
		doc: "bytes, or with k, m, g, of one audit file; then it becomes FILE.1, and so on"},
	{name: "audit.fileCount", value: "10",
		parse: count(1, func(d *draft) *int { return &d.Audit.Files }),
		doc:   "audit files that are kept, with the one in use"},
}

// auditSizeMin keeps the files of the audit log from being renamed at every line.
const auditSizeMin = 64 << 10

func auditSize(d *draft, value string) error {
	n, err := byteSize(value)
	if err == nil && n < auditSizeMin {
		err = fmt.Errorf("%q is less than 64k", value)
	}
	d.Audit.FileBytesMax = n
	return err
}

// rowsJVM is what people give to Java, and what means nothing here.
var rowsJVM = []row{
	{name: "jvm.pause.monitor", value: "false", reason: noJVM, doc: "watch for pauses"},
	{name: "jvm.pause.info-threshold.ms", value: "1000", reason: noJVM, doc: "pause to tell"},
	{name: "jvm.pause.warn-threshold.ms", value: "10000", reason: noJVM, doc: "pause to warn of"},
	{name: "jvm.pause.sleep.time.ms", value: "500", reason: noJVM, doc: "time between looks"},
	{name: "jmx.", reason: noJMX, doc: "JMX"},
	{name: "java.", reason: noJVM, doc: "the JVM"},
	{name: "javax.", reason: noJVM, doc: "the JVM"},
	{name: "jdk.", reason: noJVM, doc: "the JVM"},
	{name: "sun.", reason: noJVM, doc: "the JVM"},
	{name: "com.sun.", reason: noJVM, doc: "the JVM"},
	{name: "file.", reason: noJVM, doc: "the JVM"},
	{name: "user.", reason: noJVM, doc: "the JVM"},
	{name: "io.netty.", reason: noJVM, doc: "Netty"},
	{name: "log4j.", reason: ownLog, doc: "the log"},
	{name: "log4j2.", reason: ownLog, doc: "the log"},
	{name: "logback.", reason: ownLog, doc: "the log"},
	{name: "log.", reason: ownLog, doc: "the log"},
	{name: "root.logger", reason: ownLog, doc: "the log"},
	{name: "console.threshold", reason: ownLog, doc: "the log"},
	{name: "tracelog.", reason: ownLog, doc: "the log"},
}
