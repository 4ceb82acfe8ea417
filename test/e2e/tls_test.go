package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// authority signs certificates for a test.
type authority struct {
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string // its certificate
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{dir: t.TempDir()}
	a.cert = &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	a.file, _, a.key = a.sign(t, "ca", a.cert)
	return a
}

// sign writes a certificate and its key to files.
func (a *authority) sign(t *testing.T, name string, cert *x509.Certificate) (certFile, keyFile string, key *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer := a.key
	if signer == nil {
		signer = key
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, a.cert, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	write := func(suffix, kind string, bytes []byte) string {
		path := filepath.Join(a.dir, name+suffix)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: bytes}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return write(".crt", "CERTIFICATE", der), write(".key", "EC PRIVATE KEY", private), key
}

func (a *authority) issue(t *testing.T, name string, hosts ...string) (certFile, keyFile string) {
	t.Helper()
	certFile, keyFile, _ = a.sign(t, name, &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour), DNSNames: hosts,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	})
	return certFile, keyFile
}

func TestCommandsSpeakTLS(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	cert, key := ca.issue(t, "server", "fluvio.example", "*.fluvio.example")
	clientCert, clientKey := ca.issue(t, "client")
	checked := []string{"--tls", "--ca-cert", ca.file, "--domain", "fluvio.example"}
	shown := append(slices.Clone(checked), "--enable-client-cert", "--client-cert", clientCert, "--client-key", clientKey)

	t.Run("servers alone", func(t *testing.T) {
		c := startBroker(t, "--tls-cert", cert, "--tls-key", key)
		c.cmd(t, "", append([]string{"topic", "create", "t"}, checked...)...)
		c.cmd(t, "hello\n", append([]string{"produce", "t"}, checked...)...)
		if got := c.cmd(t, "", append([]string{"consume", "t", "-d"}, checked...)...); got != "hello\n" {
			t.Errorf("%q", got)
		}
		r := weir(t, nil, "topic", "list", "--endpoint", c.sc, "--tls")
		if r.code != 0 || !strings.Contains(r.errOut, "--ca-cert") {
			t.Errorf("code %d, %s", r.code, r.errOut)
		}
		c.refuse(t, 3, "certificate", "topic", "list", "--tls", "--ca-cert", ca.file, "--domain", "other.example")
		c.refuse(t, 2, "no certificate", "topic", "list", "--tls", "--ca-cert", key)
		c.refuse(t, 3, c.sc, "topic", "list", "--retry-budget", "300ms")
	})
	t.Run("clients too", func(t *testing.T) {
		c := startBroker(t, "--tls-cert", cert, "--tls-key", key, "--tls-client-ca", ca.file)
		c.cmd(t, "", append([]string{"topic", "create", "t"}, shown...)...)
		if got := must(t, nil, append(append([]string{"__complete", "consume", "--endpoint", c.sc}, shown...), "")...); !strings.HasPrefix(got, "t\n") {
			t.Errorf("%q", got)
		}
		c.refuse(t, 3, "", append([]string{"topic", "list", "--retry-budget", "300ms"}, checked...)...)
		c.refuse(t, 2, "client-key", append([]string{"topic", "list", "--enable-client-cert", "--client-cert", clientCert, "--client-key", key}, checked...)...)
	})
}
