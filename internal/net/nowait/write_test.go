//go:build unix

package nowait

import (
	"bytes"
	"io"
	"net"
	"testing"
)

// The plot: the reader does not read. Write returns with a part, and what the
// reader finds later is exactly that part.
func TestWriteReturnsWithWhatTheSocketTook(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	source, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	target, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	sent := bytes.Repeat([]byte("proposal"), 8<<20)
	n, err := Write(Raw(source), sent)
	if err != nil || n == 0 || n == len(sent) {
		t.Fatalf("took %d of %d: %v", n, len(sent), err)
	}
	source.Close()
	got, err := io.ReadAll(target)
	if err != nil || !bytes.Equal(got, sent[:n]) {
		t.Fatalf("read %d, took %d: %v", len(got), n, err)
	}
	if n, err := Write(nil, sent); n != 0 || err != nil {
		t.Fatalf("without a descriptor: %d, %v", n, err)
	}
}
