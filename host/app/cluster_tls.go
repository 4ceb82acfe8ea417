package app

import (
	"crypto/tls"
	"crypto/x509"
	"os"

	"github.com/weir-stream/weir/internal/fault"
)

// ClusterTLS says how to encrypt connections to a cluster, as the flags of Fluvio's own command line do.
type ClusterTLS struct {
	Enabled    bool
	ClientCert bool   // show a certificate: needs all that follow
	Domain     string // name in the SC's certificate; empty: the host that is dialled
	CA         string // file of who signed the servers' certificates, in PEM form; empty: servers are not checked
	Cert, Key  string // files of the client's certificate and key
}

// check finds flags that are missing, or that would do nothing.
func (t ClusterTLS) check() error {
	switch {
	case !t.Enabled && t != (ClusterTLS{}):
		return fault.Inputf("--domain, --ca-cert, --enable-client-cert, --client-cert and --client-key need --tls")
	case t.ClientCert && (t.Domain == "" || t.CA == "" || t.Cert == "" || t.Key == ""):
		return fault.Inputf("--enable-client-cert needs --domain, --ca-cert, --client-cert and --client-key")
	case !t.ClientCert && (t.Cert != "" || t.Key != ""):
		return fault.Inputf("--client-cert and --client-key need --enable-client-cert")
	case t.Domain != "" && t.CA == "":
		return fault.Inputf("--domain needs --ca-cert: without it no certificate is checked")
	}
	return nil
}

// config reads the files; nil where nothing is to be encrypted.
func (t ClusterTLS) config() (*tls.Config, error) {
	if err := t.check(); err != nil || !t.Enabled {
		return nil, err
	}
	if t.CA == "" {
		// What --tls alone means to Fluvio: encrypted, but to whoever answers.
		return &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}, nil
	}
	pem, err := os.ReadFile(t.CA)
	if err != nil {
		return nil, fault.Inputf("--ca-cert: %v", err)
	}
	conf := &tls.Config{ServerName: t.Domain, RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS12}
	if !conf.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fault.Inputf("--ca-cert %s: no certificate in PEM form", t.CA)
	}
	if t.ClientCert {
		pair, err := tls.LoadX509KeyPair(t.Cert, t.Key)
		if err != nil {
			return nil, fault.Inputf("--client-cert %s and --client-key %s: %v", t.Cert, t.Key, err)
		}
		conf.Certificates = []tls.Certificate{pair}
	}
	return conf, nil
}
