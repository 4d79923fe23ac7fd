package wire

import "encoding/binary"

// FrameBytesMax is the default limit of a frame's payload, and of a packet's
// data (jute.maxbuffer).
const FrameBytesMax = 0xfffff

// FrameHeaderBytes is the size of the length in front of a payload.
const FrameHeaderBytes = 4

// The xids with a meaning of their own.
const (
	XidNotification int32 = -1
	XidPing         int32 = -2
	XidAuth         int32 = -4
	XidSetWatches   int32 = -8
)

// BeginFrame makes room for the length of a frame, whose payload the caller
// appends next. The mark goes to EndFrame.
func BeginFrame(b []byte) (frame []byte, mark int) {
	return append(b, 0, 0, 0, 0), len(b)
}

// EndFrame fills in the length of the frame that began at mark and ends with b.
func EndFrame(b []byte, mark int) []byte {
	size := len(b) - mark - FrameHeaderBytes
	binary.BigEndian.PutUint32(b[mark:], uint32(size))
	return b
}
