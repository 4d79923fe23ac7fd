package curves

import (
	"context"
	"net"
	"strconv"
	"testing"
	"time"
)

// What goes to a far place and back has been under way twice, and the end is passed on.
func TestAFarPlaceAnswersAfterTheWayThereAndBack(t *testing.T) {
	ctx, end := context.WithCancel(t.Context())
	f := &far{ctx: ctx, delay: 20 * time.Millisecond}
	defer f.running.Wait()
	defer end()
	port, err := f.route(echo(t))
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", "127.0.0.1:"+strconv.Itoa(port))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	begun := time.Now()
	buf := make([]byte, 5)
	if _, err := conn.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(buf); err != nil || string(buf) != "hello" {
		t.Fatalf("%q (%v)", buf, err)
	}
	if took := time.Since(begun); took < 40*time.Millisecond {
		t.Errorf("there and back took %v", took)
	}
	end()
	if _, err := conn.Read(buf); err == nil {
		t.Error("the end is not passed on")
	}
}

// echo sends one connection back what it says, and returns its port.
func echo(t *testing.T) int {
	t.Helper()
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	go func() {
		conn, err := server.Accept()
		if err == nil {
			_ = carry(conn, conn, 0)
			conn.Close()
		}
	}()
	return server.Addr().(*net.TCPAddr).Port
}
