package traces

import (
	"encoding/binary"
	"math"

	"zoo"
)

// Key is what servers know of a request before it is a transaction, mixed: its session and
// xid. Its lower 56 bits decide whether it is sampled, as OpenTelemetry's consistent sampling
// wants it: they are the last ones of the id of the trace.
type Key uint64

// KeyOf mixes:
//
//	key = mix(mix(session + 1) ^ xid)     xid as 32 bits without a sign
//
// where mix is the finalizer of splitmix64 (Steele, Lea, Flood 2014, variant 13 of Stafford).
func KeyOf(session zoo.SessionID, xid int32) Key {
	return Key(mix(mix(uint64(session)+1) ^ uint64(uint32(xid))))
}

func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// randomBits are those of a trace's id that decide.
const (
	randomBits = 56
	randomMask = 1<<randomBits - 1
)

// Sampler decides which requests are traced. The zero value takes all.
type Sampler struct{ threshold uint64 }

// NewSampler takes a share of all requests, from 0 to 1. One of a greater share takes all that
// one of a smaller share takes.
func NewSampler(share float64) Sampler {
	return Sampler{uint64(math.Round((1 - share) * (1 << randomBits)))}
}

// Takes tells whether a request is traced.
func (s Sampler) Takes(k Key) bool { return uint64(k)&randomMask >= s.threshold }

// state is the tracestate of what is taken, from which a backend knows how many requests a
// trace stands for.
func (s Sampler) state() string {
	const digits = "0123456789abcdef"
	text := []byte("ot=th:")
	rest := s.threshold << (64 - randomBits)
	for first := true; first || rest != 0; first = false {
		text = append(text, digits[rest>>60])
		rest <<= 4
	}
	return string(text)
}

// Stage is a part of a request's way, and names a span.
type Stage uint8

// The stages. The numbers are part of the ids, and stay.
const (
	// Request is the whole: from the request's being read to the reply's being written.
	Request Stage = iota
	// Member is the part of a server that does not have the client.
	Member
	// Receive is from its arrival until it is handed to the loop, or a read is begun with.
	Receive
	// Queue is until the loop takes it, or a read that waits for a write is begun with.
	Queue
	// Propose is until it is a transaction in the history, on the server that makes those.
	Propose
	// Forward is the same at a learner: to the leader, and until the proposal comes.
	Forward
	// Sync is until the own log has it on the disk.
	Sync
	// Quorum is, from the same moment on, until it is known to be committed.
	Quorum
	// Apply is until the tree has it, and the reply is made.
	Apply
	// Read is the reading of the tree.
	Read
	// Reply is until the reply is written, or handed over to be written.
	Reply

	stages = iota
)

// names are those of the spans; a Request's is the operation's, a Member's the role.
var names = [stages]string{Receive: "receive", Queue: "queue", Propose: "propose",
	Forward: "forward", Sync: "sync", Quorum: "quorum", Apply: "apply", Read: "read",
	Reply: "reply"}

// traceID is an id of 16 bytes, in two halves.
type traceID struct{ high, low uint64 }

// traceOf is the id of a request's trace:
//
//	low = key     high = mix(key ^ mix(zxid + 2))
func traceOf(k Key, zxid zoo.Zxid) traceID {
	return traceID{high: mix(uint64(k) ^ mix(uint64(zxid)+2)), low: uint64(k)}
}

func (t traceID) bytes() []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, t.high), t.low)
}

// span is the id of a span. All servers know that of the Request, whose server counts as 0:
//
//	mix(mix(high ^ mix(low + stage)) ^ server)
func (t traceID) span(stage Stage, server zoo.ServerID) []byte {
	if stage == Request {
		server = 0
	}
	id := mix(mix(t.high^mix(t.low+uint64(stage))) ^ uint64(server))
	return binary.BigEndian.AppendUint64(nil, max(id, 1)) // 0 is none
}
