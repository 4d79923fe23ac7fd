package wire_test

import (
	"testing"

	"zoo/internal/jute/jutetest"
	"zoo/internal/wire"
)

var password = []byte("0123456789abcdef")

func TestConnectRequestWithTheReadOnlyByte(t *testing.T) {
	want := bytesOf(i4(0), i8(0x500000001), i4(30000), i8(0x100ab), password, true)
	if len(want) != 45 {
		t.Fatalf("the request has %d bytes", len(want))
	}
	jutetest.Golden(t, wire.ConnectRequest{
		LastZxidSeen: 0x500000001, TimeOut: 30000, SessionID: 0x100ab,
		Passwd: password, ReadOnly: true, HasReadOnly: true}, want)
}

func TestConnectRequestOfAnOldClientLeavesOutTheReadOnlyByte(t *testing.T) {
	want := bytesOf(i4(0), i8(0), i4(30000), i8(0), password)
	if len(want) != 44 {
		t.Fatalf("the request has %d bytes", len(want))
	}
	jutetest.Golden(t, wire.ConnectRequest{TimeOut: 30000, Passwd: password}, want)
	jutetest.Truncated[wire.ConnectRequest](t, want)
}

func TestConnectResponseWithTheReadOnlyByte(t *testing.T) {
	want := bytesOf(i4(0), i4(4000), i8(-5), password, false)
	if len(want) != 37 {
		t.Fatalf("the response has %d bytes", len(want))
	}
	jutetest.Golden(t, wire.ConnectResponse{
		TimeOut: 4000, SessionID: -5, Passwd: password, HasReadOnly: true}, want)
}

func TestConnectResponseToAnOldClientLeavesOutTheReadOnlyByte(t *testing.T) {
	want := bytesOf(i4(0), i4(4000), i8(-5), password)
	if len(want) != 36 {
		t.Fatalf("the response has %d bytes", len(want))
	}
	jutetest.Golden(t, wire.ConnectResponse{TimeOut: 4000, SessionID: -5, Passwd: password}, want)
	jutetest.Truncated[wire.ConnectResponse](t, want)
}
