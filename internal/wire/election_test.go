package wire_test

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"zoo/internal/jute"
	"zoo/internal/jute/jutetest"
	"zoo/internal/wire"
)

const configText = "server.1=a:2888:3888:participant;2181\nversion=100000000"

func TestANotificationOfTheNewestLayout(t *testing.T) {
	jutetest.Golden(t, wire.Notification{
		State: wire.Leading, Leader: 3, Zxid: 0x700000002, Round: 5, PeerEpoch: 8,
		Version: 2, Config: configText},
		bytesOf(i4(2), i8(3), i8(0x700000002), i8(5), i8(8), i4(2), configText))
}

func TestANotificationOf40BytesHasNoVersion(t *testing.T) {
	d := decoder(bytesOf(i4(1), i8(3), i8(0x700000002), i8(5), i8(8), i4(1)))
	var n wire.Notification
	n.DecodeFrom(&d)
	want := wire.Notification{
		State: wire.Following, Leader: 3, Zxid: 0x700000002, Round: 5, PeerEpoch: 8}
	if n != want || d.Err() != nil {
		t.Fatalf("decoded %+v, %v", n, d.Err())
	}
}

func TestANotificationOf28BytesTakesTheEpochOfItsZxid(t *testing.T) {
	d := decoder(bytesOf(i4(0), i8(3), i8(0x700000002), i8(5)))
	var n wire.Notification
	n.DecodeFrom(&d)
	if n.PeerEpoch != 7 || n.Leader != 3 || n.Round != 5 || d.Err() != nil {
		t.Fatalf("decoded %+v, %v", n, d.Err())
	}
}

func TestBrokenNotificationsAreRefused(t *testing.T) {
	vote := jutetest.Raw(bytesOf(i8(3), i8(0x700000002), i8(5)))
	for name, c := range map[string]struct {
		in   []byte
		want error
	}{
		"too short":        {bytesOf(i4(0), i8(3), i8(0)), jute.ErrTruncated},
		"no such state":    {bytesOf(i4(4), vote), wire.ErrPeerState},
		"negative state":   {bytesOf(i4(-1), vote), wire.ErrPeerState},
		"half an epoch":    {bytesOf(i4(0), vote, i4(0)), jute.ErrTruncated},
		"no version":       {bytesOf(i4(0), vote, i8(8)), jute.ErrTruncated},
		"half a length":    {bytesOf(i4(0), vote, i8(8), i4(2), false), jute.ErrTruncated},
		"cut config":       {bytesOf(i4(0), vote, i8(8), i4(2), i4(9), i8(0)), jute.ErrTruncated},
		"null config":      {bytesOf(i4(0), vote, i8(8), i4(2), nil), jute.ErrLength},
		"negative config":  {bytesOf(i4(0), vote, i8(8), i4(2), i4(-7)), jute.ErrLength},
		"nothing whatever": {nil, jute.ErrTruncated},
	} {
		d := decoder(c.in)
		var n wire.Notification
		if n.DecodeFrom(&d); !errors.Is(d.Err(), c.want) {
			t.Errorf("%s gives %v, want %v", name, d.Err(), c.want)
		}
	}
}

func TestHandshakesOfEveryVersionAreRead(t *testing.T) {
	for name, c := range map[string]struct {
		in   []byte
		want wire.ElectionHandshake
	}{
		"one address": {bytesOf(i8(-65536), i8(3), "[::1]:3888"), wire.ElectionHandshake{
			Protocol: wire.ElectionProtocolV1, ServerID: 3, Addresses: []string{"[::1]:3888"}}},
		"two addresses": {bytesOf(i8(-65535), i8(3), "a:1|b:2"), wire.ElectionHandshake{
			Protocol: wire.ElectionProtocolV2, ServerID: 3, Addresses: []string{"a:1", "b:2"}}},
		"old peer": {bytesOf(i8(3)), wire.ElectionHandshake{ServerID: 3}},
	} {
		stream := bytes.NewReader(append(c.in, "frames"...))
		got, err := wire.ReadElectionHandshake(iotest.OneByteReader(stream))
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: read %+v, %v", name, got, err)
		}
		if rest, _ := io.ReadAll(stream); string(rest) != "frames" {
			t.Errorf("%s: %q is left in the stream", name, rest)
		}
		if b := got.AppendTo(nil); !bytes.Equal(b, c.in) {
			t.Errorf("%s: encoded %x, want %x", name, b, c.in)
		}
	}
}

func TestBrokenHandshakesAreRefused(t *testing.T) {
	long := strings.Repeat("a", 2049)
	for name, c := range map[string]struct {
		in   []byte
		want error
	}{
		"empty":            {nil, io.ErrUnexpectedEOF},
		"unknown version":  {bytesOf(i8(-65534), i8(3), "a:1"), wire.ErrElectionProtocol},
		"no server":        {bytesOf(i8(-65536), i4(3)), io.ErrUnexpectedEOF},
		"no address":       {bytesOf(i8(-65536), i8(3), ""), jute.ErrLength},
		"negative length":  {bytesOf(i8(-65536), i8(3), nil), jute.ErrLength},
		"too long address": {bytesOf(i8(-65536), i8(3), long), jute.ErrLength},
		"cut address":      {bytesOf(i8(-65536), i8(3), i4(9), true), io.ErrUnexpectedEOF},
	} {
		_, err := wire.ReadElectionHandshake(bytes.NewReader(c.in))
		if !errors.Is(err, c.want) {
			t.Errorf("%s gives %v, want %v", name, err, c.want)
		}
	}
}
