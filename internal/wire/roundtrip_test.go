package wire_test

import (
	"testing"

	"pgregory.net/rapid"

	"zoo"
	"zoo/internal/jute"
	"zoo/internal/jute/jutetest"
	"zoo/internal/wire"
)

func decoder(b []byte) jute.Decoder { return jute.NewDecoder(b) }

func TestEveryRecordSurvivesEncodingAndDecoding(t *testing.T) {
	jutetest.RoundTrip[wire.ConnectRequest](t)
	jutetest.RoundTrip[wire.ConnectResponse](t)
	jutetest.RoundTrip[wire.RequestHeader](t)
	jutetest.RoundTrip[wire.ReplyHeader](t)
	jutetest.RoundTrip[wire.WatcherEvent](t)
	jutetest.RoundTrip[wire.CreateRequest](t)
	jutetest.RoundTrip[wire.CreateTTLRequest](t)
	jutetest.RoundTrip[wire.Create2Response](t)
	jutetest.RoundTrip[wire.SetDataRequest](t)
	jutetest.RoundTrip[wire.SetACLRequest](t)
	jutetest.RoundTrip[wire.GetDataRequest](t)
	jutetest.RoundTrip[wire.GetDataResponse](t)
	jutetest.RoundTrip[wire.GetACLResponse](t)
	jutetest.RoundTrip[wire.GetChildren2Response](t)
	jutetest.RoundTrip[wire.WhoAmIResponse](t)
	jutetest.RoundTrip[wire.SetWatches2](t)
	jutetest.RoundTrip[wire.ReconfigRequest](t)
	jutetest.RoundTrip[wire.MultiHeader](t)
	jutetest.RoundTrip[wire.QuorumPacket](t)
	jutetest.RoundTrip[wire.LearnerInfo](t)
	jutetest.RoundTrip[wire.QuorumAuthPacket](t)
	jutetest.RoundTrip[wire.Alarm](t)
	jutetest.RoundTrip[wire.Fuzzy](t)
	jutetest.RoundTrip[wire.DrainAnswer](t)
	jutetest.RoundTrip[wire.Surplus](t)
	jutetest.RoundTrip[wire.ForwardedRequest](t)
}

func TestEveryNotificationSurvivesEncodingAndDecoding(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Make[wire.Notification]().Draw(t, "n")
		n.State = wire.PeerState(rapid.Int32Range(0, 3).Draw(t, "state"))
		jutetest.Stable[wire.Notification](t, n.AppendTo(nil))
	})
}

func TestCutOffRecordsAreRefused(t *testing.T) {
	jutetest.Truncated[wire.CreateTTLRequest](t,
		bytesOf("/a", data, anACLBytes, i4(5), i8(1000)))
	jutetest.Truncated[wire.GetDataResponse](t, bytesOf(data, aStatBytes))
	jutetest.Truncated[wire.SetWatches](t, bytesOf(i8(9), i4(1), "d", i4(1), "e", i4(1), "c"))
	jutetest.Truncated[wire.WhoAmIResponse](t, bytesOf(i4(2), "ip", "::1", "x", ""))
	jutetest.Truncated[wire.QuorumPacket](t,
		bytesOf(i4(1), i8(-1), data, i4(1), "ip", "::1"))
}

func TestNullFieldsAreAccepted(t *testing.T) {
	d := decoder(bytesOf(nil, nil, nil, i4(0)))
	r := wire.CreateRequest{Path: "/old", Data: data, ACL: []zoo.ACL{{}}}
	if r.DecodeFrom(&d); d.Err() != nil || r.Path != "" || r.Data != nil || r.ACL != nil {
		t.Fatalf("decoded %+v, %v", r, d.Err())
	}
}

func TestALearnerInfoMayBeOld(t *testing.T) {
	for _, c := range []struct {
		in   []byte
		want wire.LearnerInfo
	}{
		{bytesOf(i8(3)), wire.LearnerInfo{ServerID: 3}},
		{bytesOf(i8(3), i4(0x10000)), wire.LearnerInfo{ServerID: 3, ProtocolVersion: 0x10000}},
	} {
		d := decoder(c.in)
		var got wire.LearnerInfo
		if got.DecodeFrom(&d); got != c.want || d.Err() != nil {
			t.Errorf("%x gives %+v, %v", c.in, got, d.Err())
		}
	}
	for _, size := range []int{0, 7, 11, 19} {
		d := decoder(make([]byte, size))
		var got wire.LearnerInfo
		if got.DecodeFrom(&d); d.Err() == nil {
			t.Errorf("%d bytes are accepted as %+v", size, got)
		}
	}
}
