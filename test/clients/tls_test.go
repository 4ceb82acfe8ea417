//go:build clients

package clients

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/fluvio/admin"
)

// tlsName is the SC's server name; the SPU's is below it.
const tlsName = "fluvio.example"

// Encrypted and with certificates on both sides, everything is as without.
func TestTLSWithClientCertificates(t *testing.T) {
	folder := certificates(t)
	file := func(name string) string { return filepath.Join(folder, name) }
	b := startBroker(t, "--tls-cert", file("server.pem"), "--tls-key", file("server.key"), "--tls-client-ca", file("ca.pem"))
	ours, theirs := connect(t, b, fluvio.WithTLS(clientTLS(t, folder))), []*client{rust, python}
	for _, c := range theirs {
		t.Run(c.name, func(t *testing.T) {
			s := newSessionAs(t, c, b, ours)
			s.env = []string{"OFFICIAL_TLS=" + folder}
			s.do(t, "create", c.name, "1", "any")
			s.topic(t, "ours-"+c.name, admin.TopicConfig{})
			sent := samples(50, s.keyless)
			if acks := s.produce(t, c.name, "zstd", sent); len(acks) != len(sent) {
				t.Errorf("%d of %d records acknowledged", len(acks), len(sent))
			}
			want := s.lines(s.read(t, c.name, 0))
			if got := s.consume(t, c.name, 0, "beginning", len(want)); len(got) != len(sent) || !slices.Equal(got, want) {
				t.Errorf("it read %d records, we %d, of %d", len(got), len(want), len(sent))
			}

			s.env = nil
			s.fail(t, "list") // in plain text
		})
	}
}

func clientTLS(t *testing.T, folder string) *tls.Config {
	t.Helper()
	cert, err := tls.LoadX509KeyPair(filepath.Join(folder, "client.pem"), filepath.Join(folder, "client.key"))
	if err != nil {
		t.Fatal(err)
	}
	ca, err := os.ReadFile(filepath.Join(folder, "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	return &tls.Config{ServerName: tlsName, RootCAs: roots, Certificates: []tls.Certificate{cert}}
}

// certificates writes those of a CA, a server and a client to a folder.
func certificates(t *testing.T) (folder string) {
	t.Helper()
	folder = t.TempDir()
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "CA"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	caKey := certificate(t, folder, "ca", ca, ca, nil)
	certificate(t, folder, "server", &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "server"}, DNSNames: []string{tlsName, "*." + tlsName},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, ca, caKey)
	certificate(t, folder, "client", &x509.Certificate{
		SerialNumber: big.NewInt(3), Subject: pkix.Name{CommonName: "client"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}, ca, caKey)
	return folder
}

// certificate writes NAME.pem and NAME.key; without a parent's key it signs itself.
func certificate(t *testing.T, folder, name string, c, parent *x509.Certificate, parentKey *ecdsa.PrivateKey) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if parentKey == nil {
		parentKey = key
	}
	c.NotBefore, c.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour)
	cert, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, parentKey)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{
		name + ".pem": {Type: "CERTIFICATE", Bytes: cert}, name + ".key": {Type: "PRIVATE KEY", Bytes: private},
	} {
		if err := os.WriteFile(filepath.Join(folder, file), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return key
}
