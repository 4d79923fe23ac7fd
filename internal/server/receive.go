package server

import "net"

// firstBytes is what a connection without a descriptor of its own waits for
// before it takes a buffer: most requests fit.
const firstBytes = 128

// receivePortably is socket.receive by nothing but net.Conn. In first it waits.
func receivePortably(conn net.Conn, in *input, first []byte) error {
	if n := len(in.pending()); n > parkedBytesMax || n > 0 && in.flows {
		n, err := conn.Read(in.space())
		in.arrived(n)
		in.flows = n >= firstBytes
		return unlessRead(n, err)
	}
	in.park()
	n, err := conn.Read(first)
	if n > 0 {
		in.arrived(copy(in.space(), first[:n]))
		in.flows = n == len(first)
	}
	return unlessRead(n, err)
}

// unlessRead drops the error of a read that brought bytes: the next one repeats it.
func unlessRead(n int, err error) error {
	if n > 0 {
		return nil
	}
	return err
}
