package config

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
)

// tlsSpec is the tls table of a cluster.
type tlsSpec struct {
	Policy string `toml:"tls_policy"`
	Source string `toml:"tls_source"`
	Certs  struct {
		Domain string `toml:"domain"`
		Key    string `toml:"key"`
		Cert   string `toml:"cert"`
		CA     string `toml:"ca_cert"`
	} `toml:"certs"`
}

// config is nil for plain TCP.
func (s tlsSpec) config() (*tls.Config, error) {
	switch s.Policy {
	case "", "disabled", "disable":
		return nil, nil
	case "anonymous":
		// What the policy means in Fluvio: encrypted, but to whoever answers.
		return &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}, nil
	case "verified", "verify":
		return s.verified()
	}
	return nil, fmt.Errorf("%w: tls_policy '%s', want disabled, anonymous or verified", ErrTLS, s.Policy)
}

// verified trusts the CA of the profile alone and shows the client certificate.
func (s tlsSpec) verified() (*tls.Config, error) {
	if s.Certs.Domain == "" {
		return nil, fmt.Errorf("%w: tls_policy verified needs certs.domain, the name in the server's certificate", ErrTLS)
	}
	ca, err := s.pem("ca_cert", s.Certs.CA)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(ca) {
		return nil, fmt.Errorf("%w: certs.ca_cert holds no certificate in PEM form", ErrTLS)
	}
	cert, err := s.pem("cert", s.Certs.Cert)
	if err != nil {
		return nil, err
	}
	key, err := s.pem("key", s.Certs.Key)
	if err != nil {
		return nil, err
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return nil, fmt.Errorf("%w: certs.cert and certs.key: %w", ErrTLS, err)
	}
	return &tls.Config{
		RootCAs:      roots,
		Certificates: []tls.Certificate{pair},
		ServerName:   s.Certs.Domain,
		MinVersion:   tls.VersionTLS12,
	}, nil
}

// pem returns a certificate or key, from the table itself or from the file that it names.
func (s tlsSpec) pem(field, value string) ([]byte, error) {
	if value == "" {
		return nil, fmt.Errorf("%w: tls_policy verified needs certs.%s", ErrTLS, field)
	}
	switch s.Source {
	case "inline":
		return []byte(value), nil
	case "files", "file":
		data, err := readFile(value)
		if err != nil {
			return nil, fmt.Errorf("%w: certs.%s: %w", ErrTLS, field, err)
		}
		return data, nil
	}
	return nil, fmt.Errorf("%w: tls_source '%s', want inline or files", ErrTLS, s.Source)
}
