package shell

import (
	"fmt"
	"io"
	"strconv"
	"time"
)

// Arguments are zkCli's own, before the command.
type Arguments struct {
	// Server is the connect string, host:port[,host:port…][/chroot].
	Server string
	// Timeout is the session's.
	Timeout time.Duration
	// ReadOnly lets the session begin on a server without its ensemble.
	ReadOnly bool
	// WaitForConnection holds the first command back until there is a server.
	WaitForConnection bool
	// Configuration names a file of properties, or is empty.
	Configuration string
	// Command is what to run once; empty means that commands are read.
	Command []string
}

// The defaults of zkCli.
const (
	serverDefault  = "localhost:2181"
	timeoutDefault = 30 * time.Second
)

// ParseArguments reads zkCli's command line. Options that it does not know are passed
// over, as ZooKeeper does; warnings go to stderr.
func ParseArguments(args []string, stderr io.Writer) (Arguments, error) {
	a := Arguments{Server: serverDefault, Timeout: timeoutDefault}
	for len(args) > 0 {
		option := args[0]
		if option == "" || option[0] != '-' {
			a.Command = args
			return a, nil
		}
		args = args[1:]
		switch option {
		case "-r":
			a.ReadOnly = true
		case "-waitforconnection":
			a.WaitForConnection = true
		case "-server", "-timeout", "-client-configuration":
			if len(args) == 0 {
				fmt.Fprintf(stderr, "Error: no argument found for option %s\n", option)
				return a, nil
			}
			if err := a.set(option, args[0]); err != nil {
				return a, err
			}
			args = args[1:]
		}
	}
	return a, nil
}

func (a *Arguments) set(option, value string) error {
	switch option {
	case "-server":
		a.Server = value
	case "-client-configuration":
		a.Configuration = value
	default:
		millis, err := strconv.ParseInt(value, 10, 32)
		if err != nil || millis <= 0 {
			return fmt.Errorf("option -timeout: %q is not a number of milliseconds", value)
		}
		a.Timeout = time.Duration(millis) * time.Millisecond
	}
	return nil
}
