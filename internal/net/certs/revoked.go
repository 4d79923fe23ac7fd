package certs

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// revocations are the lists that tell which certificates do not count any more. It
// is immutable.
type revocations struct{ lists []*x509.RevocationList }

// crlFilesMax bounds the files in a directory of lists.
const crlFilesMax = 1000

// crlFiles are the files with lists.
func crlFiles(location string) ([]string, error) {
	info, err := os.Stat(location)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []string{location}, nil
	}
	entries, err := os.ReadDir(location)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		name := filepath.Join(location, e.Name())
		// A link to a directory is how Kubernetes keeps its versions.
		if info, err := os.Stat(name); err == nil && info.Mode().IsRegular() {
			names = append(names, name)
		}
	}
	if len(names) > crlFilesMax {
		return nil, fmt.Errorf("%s has more than %d files", location, crlFilesMax)
	}
	return names, nil
}

// readRevocations reads a file or a directory of lists.
func readRevocations(location string) (*revocations, error) {
	names, err := crlFiles(location)
	if err != nil {
		return nil, fmt.Errorf("revocation lists: %w", err)
	}
	r := &revocations{}
	for _, name := range names {
		b, err := readFile(name)
		if err == nil {
			err = r.add(b)
		}
		if err != nil {
			return nil, fmt.Errorf("revocation list %s: %w", name, err)
		}
	}
	if len(r.lists) == 0 {
		return nil, fmt.Errorf("there is no revocation list in %s", location)
	}
	return r, nil
}

// add takes the lists in a file, which is PEM or DER.
func (r *revocations) add(b []byte) error {
	if !bytes.Contains(b, []byte("-----BEGIN")) {
		return r.parse(&pem.Block{Type: crlBlock, Bytes: b})
	}
	for block := range blocks(b) {
		if err := r.parse(block); err != nil {
			return err
		}
	}
	return nil
}

// crlBlock is what PEM calls a revocation list.
const crlBlock = "X509 CRL"

func (r *revocations) parse(block *pem.Block) error {
	if block.Type != crlBlock {
		return nil
	}
	list, err := x509.ParseRevocationList(block.Bytes)
	if err != nil {
		return err
	}
	if err := whole(list); err != nil {
		return err
	}
	r.lists = append(r.lists, list)
	return nil
}

// partExtensions are what says that a list is not about all certificates of its issuer
// (RFC 5280, 5.2.4 and 5.2.5).
var partExtensions = map[string]string{
	"2.5.29.27": "changes since another list (deltaCRLIndicator)",
	"2.5.29.28": "a part of its issuer's certificates (issuingDistributionPoint)",
}

// whole refuses a list with a critical extension: it means that who does not follow it
// must not use the list, as its silence about a certificate would say nothing.
func whole(list *x509.RevocationList) error {
	for _, extension := range list.Extensions {
		if !extension.Critical {
			continue
		}
		id := extension.Id.String()
		about, known := partExtensions[id]
		if !known {
			about = "what the critical extension " + id + " says"
		}
		return fmt.Errorf("it covers only %s; give the issuer's complete list instead", about)
	}
	return nil
}

// check looks at all certificates of a chain but the authority's own. As in Java,
// one about which no list says anything is refused.
func (r *revocations) check(chain []*x509.Certificate, now time.Time) error {
	for i, cert := range chain[:len(chain)-1] {
		if err := r.checkOne(cert, chain[i+1], now); err != nil {
			return fmt.Errorf("%s: %w", cert.Subject, err)
		}
	}
	return nil
}

var errNoList = errors.New("there is no current revocation list of its issuer")

func (r *revocations) checkOne(cert, issuer *x509.Certificate, now time.Time) error {
	found := errNoList
	for _, list := range r.lists {
		if !bytes.Equal(list.RawIssuer, cert.RawIssuer) || list.CheckSignatureFrom(issuer) != nil {
			continue
		}
		for _, entry := range list.RevokedCertificateEntries {
			if entry.SerialNumber.Cmp(cert.SerialNumber) == 0 {
				return fmt.Errorf("revoked since %s", entry.RevocationTime.Format(time.RFC3339))
			}
		}
		if now.Before(list.NextUpdate) {
			found = nil
		}
	}
	return found
}
