package peer

import (
	"bufio"
	"slices"

	"zoo/internal/jute"
	"zoo/internal/wire"
)

// readBytes is the buffer of a link's reader: what arrives together, up to this,
// is read with one system call and reported as one batch.
const readBytes = 128 << 10

// packetStream cuts a stream without frames into batches of packets.
type packetStream struct {
	reader  *bufio.Reader
	single  *wire.PacketReader
	dataMax int
	scratch []wire.QuorumPacket // of batch; empty between calls
}

// newPacketStream reads packets of up to dataMax bytes of data.
func newPacketStream(reader *bufio.Reader, dataMax int) *packetStream {
	single := wire.NewPacketReader(reader, dataMax)
	return &packetStream{reader: reader, single: single, dataMax: dataMax}
}

// next waits for a packet and returns it with all those that have arrived
// behind it. A batch ends with a SNAP packet, because what follows that is not a
// packet. Bytes that cannot be a packet are an error once all before them were
// returned.
func (s *packetStream) next() ([]wire.QuorumPacket, error) {
	if _, err := s.reader.Peek(1); err != nil {
		return nil, err
	}
	if batch := s.buffered(); len(batch) > 0 {
		return batch, nil
	}
	// The first packet is not here as a whole, or larger than the buffer, or
	// not a packet: the slow way finds out which.
	batch := make([]wire.QuorumPacket, 1)
	if err := s.single.Next(&batch[0]); err != nil {
		return nil, err
	}
	return batch, nil
}

// buffered takes the whole packets out of the buffer. They cost one slice for
// all packets and one block for all data.
func (s *packetStream) buffered() []wire.QuorumPacket {
	arrived, _ := s.reader.Peek(s.reader.Buffered())
	d := jute.NewDecoder(arrived)
	taken, dataBytes := 0, 0
	for d.Len() > 0 {
		var packet wire.QuorumPacket
		packet.DecodeFrom(&d)
		if d.Err() != nil || len(packet.Data) > s.dataMax {
			break
		}
		taken, dataBytes = d.Offset(), dataBytes+len(packet.Data)
		s.scratch = append(s.scratch, packet)
		if packet.Type == wire.PacketSnap {
			break
		}
	}
	batch := slices.Clone(s.scratch)
	clear(s.scratch)
	s.scratch = s.scratch[:0]
	own(batch, dataBytes)
	_, _ = s.reader.Discard(taken)
	return batch
}

// own moves the data of a batch out of the read buffer.
func own(batch []wire.QuorumPacket, dataBytes int) {
	block := make([]byte, 0, dataBytes)
	for i := range batch {
		data := batch[i].Data
		if data == nil {
			continue
		}
		start := len(block)
		block = append(block, data...)
		batch[i].Data = block[start:len(block):len(block)]
	}
}
