package certs

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"

	keystore "github.com/pavlo-v-chernykh/keystore-go/v4"
	"software.sslmate.com/src/go-pkcs12"
)

// The first bytes of Java's stores.
const (
	magicJKS    = 0xFEEDFEED
	magicJCEKS  = 0xCECECECE
	magicPKCS12 = 0x30 // an ASN.1 sequence
)

// kindOf tells JKS and PKCS12 apart.
func kindOf(b []byte) (string, error) {
	if len(b) < 4 {
		return "", fmt.Errorf("it has only %d bytes", len(b))
	}
	switch magic := binary.BigEndian.Uint32(b); {
	case magic == magicJKS:
		return typeJKS, nil
	case b[0] == magicPKCS12:
		return typePKCS12, nil
	case magic == magicJCEKS:
		return "", errors.New("JCEKS stores are not supported; convert it: " +
			"keytool -importkeystore -srcstoretype JCEKS -deststoretype PKCS12")
	}
	return "", errors.New("it is neither a JKS nor a PKCS12 store")
}

// openJKS reads a JKS store, entries in the order of their aliases.
func openJKS(b []byte, password string) (keystore.KeyStore, error) {
	store := keystore.New(keystore.WithOrderedAliases())
	if err := checkJKS(b); err != nil {
		return store, err
	}
	if err := store.Load(bytes.NewReader(b), []byte(password)); err != nil {
		return store, fmt.Errorf("open (is the password right?): %w", err)
	}
	return store, nil
}

func identityOfJKS(b []byte, password string) ([]tls.Certificate, error) {
	store, err := openJKS(b, password)
	if err != nil {
		return nil, err
	}
	var list []tls.Certificate
	for _, alias := range store.Aliases() {
		if !store.IsPrivateKeyEntry(alias) {
			continue
		}
		certificate, err := entryOfJKS(store, alias, password)
		if err != nil {
			return nil, fmt.Errorf("entry %q: %w", alias, err)
		}
		list = append(list, certificate)
	}
	if len(list) == 0 {
		return nil, errors.New("there is no private key in it")
	}
	return list, nil
}

func entryOfJKS(store keystore.KeyStore, alias, password string) (tls.Certificate, error) {
	entry, err := store.GetPrivateKeyEntry(alias, []byte(password))
	if err != nil {
		return tls.Certificate{}, fmt.Errorf(
			"open the key (has it another password than the store?): %w", err)
	}
	key, err := x509.ParsePKCS8PrivateKey(entry.PrivateKey)
	if err != nil {
		return tls.Certificate{}, err
	}
	var chain []*x509.Certificate
	for _, c := range entry.CertificateChain {
		cert, err := x509.ParseCertificate(c.Content)
		if err != nil {
			return tls.Certificate{}, err
		}
		chain = append(chain, cert)
	}
	return pair(key, chain)
}

func authoritiesOfJKS(b []byte, password string) ([]*x509.Certificate, error) {
	store, err := openJKS(b, password)
	if err != nil {
		return nil, err
	}
	var list []*x509.Certificate
	for _, alias := range store.Aliases() {
		if !store.IsTrustedCertificateEntry(alias) {
			continue
		}
		entry, err := store.GetTrustedCertificateEntry(alias)
		if err != nil {
			return nil, fmt.Errorf("entry %q: %w", alias, err)
		}
		cert, err := x509.ParseCertificate(entry.Certificate.Content)
		if err != nil {
			return nil, fmt.Errorf("entry %q: %w", alias, err)
		}
		list = append(list, cert)
	}
	return list, nil
}

func identityOfPKCS12(b []byte, password string) ([]tls.Certificate, error) {
	key, leaf, authorities, err := pkcs12.DecodeChain(b, password)
	if err != nil {
		return nil, fmt.Errorf("open (it must hold one private key): %w", err)
	}
	certificate, err := pair(key, append([]*x509.Certificate{leaf}, authorities...))
	return []tls.Certificate{certificate}, err
}

// authoritiesOfPKCS12 takes only certificates that are marked as trusted, as Java
// does; keytool -importcert marks them, openssl does not.
func authoritiesOfPKCS12(b []byte, password string) ([]*x509.Certificate, error) {
	list, err := pkcs12.DecodeTrustStore(b, password)
	if err != nil {
		return nil, fmt.Errorf("open (it must hold nothing but certificates marked as trusted, "+
			"as keytool -importcert makes them): %w", err)
	}
	return list, nil
}
