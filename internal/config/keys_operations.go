package config

const (
	laterAdmin   = "the admin server comes with a later version"
	laterMetrics = "mntr tells the metrics; other providers come with a later version"
	noJVM        = "there is no JVM here"
	noJMX        = "there is no JMX here"
	ownLog       = "the log goes to standard error, as JSON"
)

// rowsOperations is what operators watch.
var rowsOperations = []row{
	{name: "4lw.commands.whitelist", value: safeWords, parse: whitelist,
		doc: "four-letter words that are answered, or *"},
	{name: "admin.enableServer", value: "false", reason: laterAdmin, doc: "serve HTTP"},
	{name: "admin.", reason: laterAdmin, doc: "the admin server"},
	{name: "metricsProvider.", reason: laterMetrics, doc: "who gets the metrics"},
	{name: "audit.enable", value: "false", reason: "the audit log comes with a later version",
		doc: "log who changed what"},
	{name: "audit.impl.class", reason: "the audit log comes with a later version",
		doc: "class of the audit log"},
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
