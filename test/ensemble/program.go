package ensemble

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Program makes the command that runs one server from its configuration.
type Program func(s *Server) *exec.Cmd

// Zoo runs a zoo binary with options such as -Dname=value.
func Zoo(binary string, options ...string) Program {
	return func(s *Server) *exec.Cmd {
		args := append([]string{"serve"}, options...)
		cmd := exec.Command(binary, append(args, s.configFile())...)
		cmd.Dir = s.home
		return cmd
	}
}

// Build compiles the zoo binary into dir and returns its path.
func Build(ctx context.Context, dir string) (string, error) {
	binary := filepath.Join(dir, "zoo")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", binary, "zoo/cmd/zoo")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build zoo: %w\n%s", err, out)
	}
	return binary, nil
}

// The places where Debian puts Java's ZooKeeper. What is not in the manifest of its jar is
// the log libraries, without which it is silent, and two parts of netty, without which a
// port between servers that speaks TLS ends at its first connection, and the servlets of the
// admin server, without which there is none.
const javaServerJar = "/usr/share/java/zookeeper.jar"

var javaOtherJars = []string{"/usr/share/java/slf4j-log4j12.jar", "/usr/share/java/log4j-1.2.jar",
	"/usr/share/java/netty-codec.jar", "/usr/share/java/netty-resolver.jar",
	"/usr/share/java/servlet-api.jar"}

// FindJava tells what of Java's ZooKeeper is missing on this machine, or nothing.
func FindJava() error {
	if _, err := exec.LookPath("java"); err != nil {
		return err
	}
	_, err := os.Stat(javaServerJar)
	return err
}

// javaMain is the class of a server that is a member of an ensemble.
const javaMain = "org.apache.zookeeper.server.quorum.QuorumPeerMain"

// javaLogging keeps log writing from being measured: what is not a warning is not
// written at all.
const javaLogging = `log4j.rootLogger=WARN, OUT
log4j.appender.OUT=org.apache.log4j.FileAppender
log4j.appender.OUT.File=${zoo.log}
log4j.appender.OUT.layout=org.apache.log4j.PatternLayout
log4j.appender.OUT.layout.ConversionPattern=%d{ISO8601} %-5p %c{1} %m%n
`

// JavaOperated is Java with the admin server, for Options.Operated.
func JavaOperated(heapMax string, options ...string) Program {
	return Java(heapMax, append([]string{"-Dzookeeper.admin.enableServer=true",
		"-Dzookeeper.admin.serverAddress=" + host}, options...)...)
}

// Java runs Debian's ZooKeeper with fsync as it is by default, that is on. The
// admin server is off, since it would want a port of its own; JavaOperated has it. The
// options are the JVM's, such as -Dname=value, and come last.
func Java(heapMax string, options ...string) Program {
	return func(s *Server) *exec.Cmd {
		logging := filepath.Join(s.home, "log4j.properties")
		// A failure here would only make the server silent.
		_ = os.WriteFile(logging, []byte(javaLogging), 0o600)
		classPath := append([]string{javaServerJar}, javaOtherJars...)
		args := []string{"-Xmx" + heapMax,
			"-Dlog4j.configuration=file:" + logging, "-Dzoo.log=" + s.LogFile(),
			"-Dzookeeper.admin.enableServer=false", "-Dzookeeper.jmx.log4j.disable=true"}
		args = append(args, options...)
		cmd := exec.Command("java", append(args,
			"-cp", strings.Join(classPath, ":"), javaMain, s.configFile())...)
		cmd.Dir = s.home
		return cmd
	}
}
