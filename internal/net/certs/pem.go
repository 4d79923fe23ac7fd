package certs

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"

	"github.com/youmark/pkcs8"
)

// A PEM key store is a private key and the certificates from ours up to, or without,
// the authority's, in this order:
//
//	-----BEGIN PRIVATE KEY-----  or ENCRYPTED, RSA or EC PRIVATE KEY
//	-----BEGIN CERTIFICATE-----  ours
//	-----BEGIN CERTIFICATE-----  of who signed it, and so on
//
// The key may also stand last. A PEM trust store is certificates; anything else in
// it is skipped.

// identityOfPEM reads a PEM key store.
func identityOfPEM(b []byte, password string) ([]tls.Certificate, error) {
	var key crypto.PrivateKey
	var chain []*x509.Certificate
	for block := range blocks(b) {
		var err error
		switch {
		case block.Type == "CERTIFICATE":
			var cert *x509.Certificate
			if cert, err = x509.ParseCertificate(block.Bytes); err == nil {
				chain = append(chain, cert)
			}
		case key == nil:
			key, err = parseKey(block, password)
		}
		if err != nil {
			return nil, err
		}
	}
	if key == nil {
		return nil, errors.New("there is no private key in it")
	}
	certificate, err := pair(key, chain)
	return []tls.Certificate{certificate}, err
}

// certificatesOfPEM lists the certificates in a file.
func certificatesOfPEM(b []byte) ([]*x509.Certificate, error) {
	var list []*x509.Certificate
	for block := range blocks(b) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		list = append(list, cert)
	}
	return list, nil
}

// blocks goes through the blocks of a file.
func blocks(b []byte) func(yield func(*pem.Block) bool) {
	return func(yield func(*pem.Block) bool) {
		for {
			block, rest := pem.Decode(b)
			if block == nil || !yield(block) {
				return
			}
			b = rest
		}
	}
}

// parseKey gives nil for a block that is not a key.
func parseKey(block *pem.Block, password string) (crypto.PrivateKey, error) {
	switch block.Type {
	case "PRIVATE KEY":
		return x509.ParsePKCS8PrivateKey(block.Bytes)
	case "RSA PRIVATE KEY", "EC PRIVATE KEY":
		return parseTraditionalKey(block)
	case "ENCRYPTED PRIVATE KEY":
		if password == "" {
			return nil, errors.New("the private key is encrypted, and there is no password")
		}
		key, _, err := pkcs8.ParsePrivateKey(block.Bytes, []byte(password))
		if err != nil {
			return nil, fmt.Errorf("decrypt the private key (is the password right?): %w", err)
		}
		return key, nil
	}
	return nil, nil
}

// parseTraditionalKey reads what openssl wrote before PKCS#8.
func parseTraditionalKey(block *pem.Block) (crypto.PrivateKey, error) {
	if block.Headers["DEK-Info"] != "" {
		return nil, errors.New("the private key is encrypted in the traditional way, which is " +
			"not safe; convert it: openssl pkcs8 -topk8 -v2 aes256 -in OLD -out NEW")
	}
	if block.Type == "EC PRIVATE KEY" {
		return x509.ParseECPrivateKey(block.Bytes)
	}
	return x509.ParsePKCS1PrivateKey(block.Bytes)
}

// pair puts a key and its certificates together, and checks that they belong so.
func pair(key crypto.PrivateKey, chain []*x509.Certificate) (tls.Certificate, error) {
	if len(chain) == 0 {
		return tls.Certificate{}, errors.New("there is no certificate for the private key in it")
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return tls.Certificate{}, fmt.Errorf("a private key of kind %T cannot sign", key)
	}
	public, ok := signer.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !public.Equal(chain[0].PublicKey) {
		return tls.Certificate{}, fmt.Errorf(
			"the private key does not belong to the first certificate, %s", chain[0].Subject)
	}
	c := tls.Certificate{PrivateKey: key, Leaf: chain[0]}
	for _, cert := range chain {
		c.Certificate = append(c.Certificate, cert.Raw)
	}
	return c, nil
}
