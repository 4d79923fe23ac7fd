package acl

import (
	"net/netip"
	"strconv"
	"strings"

	"zoo"
)

// ipScheme knows a client by its address. An ACL holds an address or a prefix,
// 10.0.0.0/8. An address proves nothing about the client, so "auth" leaves it out.
var ipScheme = scheme{
	name:     schemeIP,
	provider: ProviderIP,
	valid:    func(id string) bool { _, ok := parsePrefix(id); return ok },
	matches:  matchesIP,
	authenticate: func(_ *Rules, _ []byte, address string) ([]zoo.ID, zoo.Code) {
		return []zoo.ID{IPID(address)}, zoo.CodeOK
	},
	user: whole,
}

// IPID is the identity that every connection from an address has.
func IPID(address string) zoo.ID { return zoo.ID{Scheme: schemeIP, ID: address} }

func matchesIP(_ *Rules, have, want string) bool {
	if have == want {
		return true
	}
	prefix, ok := parsePrefix(want)
	if !ok {
		return false
	}
	address, err := netip.ParseAddr(have)
	// Contains is false across the families and for addresses with a zone.
	return err == nil && prefix.Contains(address.WithZone(""))
}

// parsePrefix reads an address, or an address and the number of its bits that
// count. Bits beyond that number may be set; they are ignored.
func parsePrefix(id string) (netip.Prefix, bool) {
	text, bits, hasBits := strings.Cut(id, "/")
	address, ok := parseAddress(text)
	if !ok {
		return netip.Prefix{}, false
	}
	n := address.BitLen()
	if hasBits {
		var err error
		if n, err = strconv.Atoi(bits); err != nil {
			return netip.Prefix{}, false
		}
	}
	prefix, err := address.Prefix(n)
	return prefix, err == nil
}

// parseAddress reads an address as Java's provider does: numbers of IPv4 may begin
// with zeros and are decimal all the same, and IPv6 has neither zones nor numbers of
// IPv4 in it.
func parseAddress(text string) (netip.Addr, bool) {
	if strings.Contains(text, ":") {
		address, err := netip.ParseAddr(text)
		return address, err == nil && !strings.ContainsAny(text, ".%")
	}
	var four [4]byte
	for i := range four {
		part, rest, more := strings.Cut(text, ".")
		n, err := strconv.Atoi(part)
		if err != nil || n < 0 || n > 255 || more != (i < 3) {
			return netip.Addr{}, false
		}
		four[i], text = byte(n), rest
	}
	return netip.AddrFrom4(four), true
}
