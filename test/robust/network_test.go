package robust

import (
	"io"
	"net"
	"strconv"
	"testing"
	"time"
)

// echo is a server that sends back what it gets, reached as server 2 by server 1.
func echo(t *testing.T) (*network, net.Conn) {
	t.Helper()
	listener, err := net.Listen("tcp", localhost+":0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_, _ = io.Copy(conn, conn)
			}()
		}
	}()
	n := newNetwork()
	t.Cleanup(n.close)
	port, err := n.route(1, 2, listener.Addr().(*net.TCPAddr).Port)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", net.JoinHostPort(localhost, strconv.Itoa(port)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return n, conn
}

func say(t *testing.T, conn net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
}

func hear(t *testing.T, conn net.Conn, text string, within time.Duration) error {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(within)); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, len(text))
	_, err := io.ReadFull(conn, buf)
	if err == nil && string(buf) != text {
		t.Fatalf("heard %q, want %q", buf, text)
	}
	return err
}

const soon, patient = 50 * time.Millisecond, 10 * time.Second

// What is cut in either direction does not arrive before the cut is healed, and then all
// of it does.
func TestACutHoldsBytesBackAndLosesNone(t *testing.T) {
	for name, cut := range map[string]way{"there": {1, 2}, "back": {2, 1}} {
		t.Run(name, func(t *testing.T) {
			n, conn := echo(t)
			say(t, conn, "before")
			if err := hear(t, conn, "before", patient); err != nil {
				t.Fatal(err)
			}
			n.set(weather{held: true}, cut)
			say(t, conn, "meanwhile")
			if err := hear(t, conn, "meanwhile", soon); err == nil {
				t.Fatal("it came through a cut")
			}
			n.heal()
			if err := hear(t, conn, "meanwhile", patient); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestARefusalBreaksConnections(t *testing.T) {
	n, conn := echo(t)
	say(t, conn, "before")
	if err := hear(t, conn, "before", patient); err != nil {
		t.Fatal(err)
	}
	n.set(weather{refused: true}, way{1, 2})
	err := hear(t, conn, "nothing", patient)
	if timeout, ok := err.(net.Error); err == nil || ok && timeout.Timeout() {
		t.Fatalf("the connection stands: %v", err)
	}
	again, err := net.Dial("tcp", conn.RemoteAddr().String())
	if err != nil {
		return
	}
	defer again.Close()
	err = hear(t, again, "nothing", patient)
	if timeout, ok := err.(net.Error); err == nil || ok && timeout.Timeout() {
		t.Fatalf("a new connection stands: %v", err)
	}
}

// Server 2 has two ports, of which one is shut: what goes to the other goes on.
func TestAPortIsShutByItself(t *testing.T) {
	n, open := echo(t)
	listener, err := net.Listen("tcp", localhost+":0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	number := listener.Addr().(*net.TCPAddr).Port
	port, err := n.route(1, 2, number)
	if err != nil {
		t.Fatal(err)
	}
	n.shut(number, weather{refused: true})
	conn, err := net.Dial("tcp", net.JoinHostPort(localhost, strconv.Itoa(port)))
	if err == nil {
		defer conn.Close()
		err = hear(t, conn, "nothing", patient)
	}
	if timeout, ok := err.(net.Error); err == nil || ok && timeout.Timeout() {
		t.Fatalf("the shut port is open: %v", err)
	}
	say(t, open, "besides")
	if err := hear(t, open, "besides", patient); err != nil {
		t.Fatal(err)
	}
}

func TestADelayIsOneOfEachDirection(t *testing.T) {
	n, conn := echo(t)
	n.set(weather{delay: 40 * time.Millisecond}, way{1, 2}, way{2, 1})
	begun := time.Now()
	say(t, conn, "slow")
	if err := hear(t, conn, "slow", patient); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begun); took < 80*time.Millisecond {
		t.Errorf("there and back took %v", took)
	}
}

// Half a second's worth of bytes takes about as long.
func TestAThinLinkIsThin(t *testing.T) {
	n, conn := echo(t)
	n.set(weather{bytesPerSecond: 1000}, way{1, 2})
	begun := time.Now()
	for range 5 {
		say(t, conn, string(make([]byte, 50)))
		if err := hear(t, conn, string(make([]byte, 50)), patient); err != nil {
			t.Fatal(err)
		}
	}
	if took := time.Since(begun); took < 150*time.Millisecond {
		t.Errorf("250 bytes took %v", took)
	}
}
