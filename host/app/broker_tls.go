package app

import (
	"crypto/tls"
	"crypto/x509"
	"os"

	"github.com/weir-stream/weir/internal/fault"
)

// BrokerTLS is the files, in PEM form, with which a broker encrypts; without any it does not.
type BrokerTLS struct {
	Cert, Key string // the server's certificate, with those between it and the root, and its key
	ClientCA  string // who signs clients' certificates; empty: clients need none
}

// config reads the files; nil without any.
func (t BrokerTLS) config() (*tls.Config, error) {
	if t == (BrokerTLS{}) {
		return nil, nil
	}
	if t.Cert == "" || t.Key == "" {
		return nil, fault.Inputf("--tls-cert and --tls-key: want both, the server's certificate and its key")
	}
	pair, err := tls.LoadX509KeyPair(t.Cert, t.Key)
	if err != nil {
		return nil, fault.Inputf("--tls-cert %s and --tls-key %s: %v", t.Cert, t.Key, err)
	}
	conf := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	if t.ClientCA == "" {
		return conf, nil
	}
	pem, err := os.ReadFile(t.ClientCA)
	if err != nil {
		return nil, fault.Inputf("--tls-client-ca: %v", err)
	}
	conf.ClientAuth, conf.ClientCAs = tls.RequireAndVerifyClientCert, x509.NewCertPool()
	if !conf.ClientCAs.AppendCertsFromPEM(pem) {
		return nil, fault.Inputf("--tls-client-ca %s: no certificate in PEM form", t.ClientCA)
	}
	return conf, nil
}
