package browser

import "net"

// pipe is a connection in memory. To the server it comes from the host that asks, so that the
// scheme ip, the audit log and the bounds for each host see whom they mean; no client has its
// port, 0.
func pipe(host string) (here, there net.Conn) {
	here, server := net.Pipe()
	return here, from{server, address(net.JoinHostPort(host, "0"))}
}

// from is the server's end of a pipe.
type from struct {
	net.Conn
	address net.Addr
}

// RemoteAddr is who asks.
func (f from) RemoteAddr() net.Addr { return f.address }

// address is host:port.
type address string

// Network names what it is an address of.
func (address) Network() string { return "tcp" }

// String is host:port.
func (a address) String() string { return string(a) }
