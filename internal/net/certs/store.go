package certs

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// fileBytesMax bounds every file that is read here.
const fileBytesMax = 8 << 20

// The kinds of stores.
const (
	typePEM    = "PEM"
	typeJKS    = "JKS"
	typePKCS12 = "PKCS12"
	typeBCFKS  = "BCFKS"
)

// suffixes tell the kind of a store whose type is not set, as in Java.
var suffixes = map[string]string{
	".pem": typePEM, ".jks": typeJKS, ".p12": typePKCS12, ".bcfks": typeBCFKS,
	// Java does not know these, and would ask for the type.
	".pfx": typePKCS12, ".crt": typePEM, ".cer": typePEM, ".key": typePEM,
}

// kind is how to read the store.
func (s Store) kind() (string, error) {
	kind := strings.ToUpper(s.Type)
	if kind == "" {
		kind = suffixes[strings.ToLower(filepath.Ext(s.Location))]
	}
	switch kind {
	case typePEM, typeJKS, typePKCS12:
		return kind, nil
	case typeBCFKS:
		return "", errors.New("BCFKS stores are not supported; convert it: keytool " +
			"-importkeystore -srcstoretype BCFKS -deststoretype PKCS12")
	case "":
		return "", errors.New("its type is not known from its suffix; " +
			"set the store's type to PEM, JKS or PKCS12")
	}
	return "", fmt.Errorf("type %q is none of PEM, JKS and PKCS12", s.Type)
}

// password is the store's password. The newline with which editors end a file is
// not part of it.
func (s Store) password() (string, error) {
	if s.PasswordPath == "" {
		return s.Password, nil
	}
	b, err := readFile(s.PasswordPath)
	return strings.TrimRight(string(b), "\r\n"), err
}

// read gives the file, how to read it, and its password. A file with the magic of
// the other kind of Java's is read as what it is, as Java does: since Java 9
// keytool writes PKCS12 whatever the suffix.
func (s Store) read() (b []byte, kind, password string, err error) {
	if kind, err = s.kind(); err != nil {
		return nil, "", "", err
	}
	if password, err = s.password(); err != nil {
		return nil, "", "", err
	}
	if b, err = readFile(s.Location); err != nil {
		return nil, "", "", err
	}
	if kind != typePEM {
		kind, err = kindOf(b)
	}
	return b, kind, password, err
}

// identity reads our certificates with their keys.
func (s Store) identity() ([]tls.Certificate, error) {
	b, kind, password, err := s.read()
	if err != nil {
		return nil, s.wrap("key store", err)
	}
	var certificates []tls.Certificate
	switch kind {
	case typePEM:
		certificates, err = identityOfPEM(b, password)
	case typeJKS:
		certificates, err = identityOfJKS(b, password)
	default:
		certificates, err = identityOfPKCS12(b, password)
	}
	return certificates, s.wrap("key store", err)
}

// authorities reads whose certificates to accept.
func (s Store) authorities() ([]*x509.Certificate, error) {
	b, kind, password, err := s.read()
	if err != nil {
		return nil, s.wrap("trust store", err)
	}
	var list []*x509.Certificate
	switch kind {
	case typePEM:
		list, err = certificatesOfPEM(b)
	case typeJKS:
		list, err = authoritiesOfJKS(b, password)
	default:
		list, err = authoritiesOfPKCS12(b, password)
	}
	if err == nil && len(list) == 0 {
		err = errors.New("there is no certificate of an authority in it")
	}
	return list, s.wrap("trust store", err)
}

func (s Store) wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s %s: %w", what, s.Location, err)
}

// readFile reads a file of at most fileBytesMax.
func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, fileBytesMax+1))
	if err == nil && len(b) > fileBytesMax {
		err = fmt.Errorf("%s is larger than %d bytes", name, fileBytesMax)
	}
	return b, err
}
