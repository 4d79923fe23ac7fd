package certs

import (
	"crypto/tls"
	"slices"
	"strings"
)

// versions are the protocols by Java's names.
var versions = map[string]uint16{
	"TLSv1": tls.VersionTLS10, "TLSv1.1": tls.VersionTLS11,
	"TLSv1.2": tls.VersionTLS12, "TLSv1.3": tls.VersionTLS13,
}

// anyVersion is Java's name for all versions that are safe.
const anyVersion = "TLS"

// setVersions reads protocol and enabledProtocols. Without either both TLSv1.2 and
// TLSv1.3 are spoken; Java would speak the newest it has alone, which clients that
// are one release older do not.
func (s *settled) setVersions() error {
	names, key := s.EnabledProtocols, "enabledProtocols"
	if len(names) == 0 && s.Protocol != "" {
		names, key = []string{s.Protocol}, "protocol"
	}
	if len(names) == 0 {
		names = []string{anyVersion}
	}
	var known []uint16
	for _, name := range names {
		v, ok := versions[name]
		switch {
		case name == anyVersion:
			known = append(known, tls.VersionTLS12, tls.VersionTLS13)
		case ok:
			known = append(known, v)
		default:
			s.note("%s: %s is not supported and left out", key, name)
		}
	}
	if len(known) == 0 {
		return s.fail(key, "none of %s is supported; supported are "+
			"TLSv1.2 and TLSv1.3, and for old clients TLSv1 and TLSv1.1",
			strings.Join(names, ","))
	}
	slices.Sort(known)
	known = slices.Compact(known)
	s.versionMin, s.versionMax = known[0], known[len(known)-1]
	if int(s.versionMax-s.versionMin) >= len(known) {
		s.note("%s: all versions between the lowest and the highest are spoken", key)
	}
	return nil
}

// setCipherSuites reads Java's names, which are IANA's, as Go's are. Who names suites of
// TLSv1.3 only, speaks nothing older: older versions would come with all their suites.
func (s *settled) setCipherSuites() error {
	var missing []string
	newest := 0
	for _, name := range s.CipherSuites {
		suite, ok := findSuite(name)
		switch {
		case !ok:
			missing = append(missing, name)
		case suite.SupportedVersions[0] == tls.VersionTLS13:
			newest++
		default:
			s.suites = append(s.suites, suite.ID)
		}
	}
	if len(missing) > 0 {
		known := "supported are " + strings.Join(suiteNames(), ", ")
		if len(missing) == len(s.CipherSuites) {
			return s.fail("ciphersuites", "none of %s is supported; %s",
				strings.Join(missing, ", "), known)
		}
		s.note("ciphersuites: not supported and left out: %s; %s",
			strings.Join(missing, ", "), known)
	}
	if newest > 0 {
		s.note("ciphersuites: the suites of TLSv1.3 cannot be chosen: all of them are on")
	}
	if newest == 0 || len(s.suites) > 0 {
		return nil
	}
	if s.versionMax < tls.VersionTLS13 {
		return s.fail("ciphersuites", "only suites of TLSv1.3 are named, which "+
			"enabledProtocols leaves out; name suites of TLSv1.2: %s",
			strings.Join(suiteNames(), ", "))
	}
	s.versionMin = tls.VersionTLS13
	return nil
}

// oldNames is the prefix under which Java knows some suites besides IANA's.
const oldNames = "SSL_"

func findSuite(name string) (*tls.CipherSuite, bool) {
	if rest, ok := strings.CutPrefix(name, oldNames); ok {
		name = "TLS_" + rest
	}
	for _, suite := range slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites()) {
		if suite.Name == name {
			return suite, true
		}
	}
	return nil, false
}

// suiteNames are the suites that are safe and that can be chosen.
func suiteNames() []string {
	var names []string
	for _, suite := range tls.CipherSuites() {
		if suite.SupportedVersions[0] != tls.VersionTLS13 {
			names = append(names, suite.Name)
		}
	}
	return names
}
