package broker

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/weir-stream/weir/fluvio/protocol"
	"github.com/weir-stream/weir/fluvio/record"
)

// certificate signs itself, for fluvio.test and its SPU, and is a CA too.
func certificate(t testing.TB) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"fluvio.test", "*.fluvio.test"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

// secure makes TLS of a client's connection.
func (c *client) secure(pool *x509.CertPool, name string) *client {
	c.nc = tls.Client(c.nc, &tls.Config{RootCAs: pool, ServerName: name})
	return c
}

func TestBothServersSpeakTLS(t *testing.T) {
	cert, pool := certificate(t)
	b := start(t, Config{TLS: &tls.Config{Certificates: []tls.Certificate{cert}}})
	sc := dial(t, b.SC()).secure(pool, "fluvio.test")
	if s := call[*protocol.Status](sc, &protocol.CreateRequest{Kind: protocol.KindTopic, Name: "t", Spec: topicSpec(1)}); s.ErrorCode.Tag != 0 {
		t.Fatal(s.ErrorCode)
	}
	spus := call[*protocol.ListResponse](sc, &protocol.ListRequest{Kind: protocol.KindSpu})
	if e := spus.Objects[0].Spec.(*protocol.SpuSpec).PublicEndpoint.Encryption; e != protocol.EncryptionSsl {
		t.Errorf("the SPU says %v", e)
	}
	spu := dial(t, b.SPU()).secure(pool, spuName+".fluvio.test")
	large := strings.Repeat("x", 3<<20) // several pieces
	spu.mustProduce("t", 0, batchOf(t, record.None, large))
	if got := spu.from("t", 0, 0).values(1); got[0] != large {
		t.Errorf("got %d bytes", len(got[0]))
	}
	stop(t, b)
	for _, c := range []*client{sc, spu} { // with a farewell: without one this were an unexpected end
		if _, err := c.nc.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("the connection ended with %v", err)
		}
	}
}

// Whoever does not speak as the port does is closed at once, and counted.
func TestTLSAndPlainDoNotMeet(t *testing.T) {
	cert, pool := certificate(t)
	b := start(t, Config{TLS: &tls.Config{Certificates: []tls.Certificate{cert}}})
	for _, addr := range []string{b.SC(), b.SPU()} {
		c := dial(t, addr)
		c.send(&protocol.ApiVersionsRequest{ClientVersion: "1.0.0"})
		if _, err := io.ReadAll(c.nc); err != nil && !strings.Contains(err.Error(), "reset") {
			t.Errorf("plain on a TLS port: %v", err)
		}
	}
	eventually(t, "both are counted", func() bool { return closedFor(b, "tls") == 2 })
	plain := start(t, Config{})
	for _, addr := range []string{plain.SC(), plain.SPU()} {
		c := dial(t, addr).secure(pool, "fluvio.test")
		if err := c.nc.(*tls.Conn).Handshake(); err == nil {
			t.Error("a handshake on a plain port worked")
		}
	}
	eventually(t, "both are counted", func() bool { return closedFor(plain, "tls") == 2 })
	probe(t, plain)
}

func TestHandshakesThatStallAreGivenUp(t *testing.T) {
	cert, _ := certificate(t)
	b := start(t, Config{TLS: &tls.Config{Certificates: []tls.Certificate{cert}}, StallTimeout: 50 * time.Millisecond})
	for _, sent := range [][]byte{nil, {0x16, 3, 1}} {
		c := dial(t, b.SC())
		_, _ = c.nc.Write(sent) // it may have been given up already
		if _, err := io.ReadAll(c.nc); err != nil && !strings.Contains(err.Error(), "reset") {
			t.Errorf("after %x: %v", sent, err)
		}
	}
	half := dial(t, b.SC())
	_, _ = half.nc.Write([]byte{0x16})
	stop(t, b) // does not wait for it
}

func TestIPv6Addresses(t *testing.T) {
	for _, host := range []string{"::1", "[::1]"} {
		b := start(t, Config{PublicHost: host})
		if got := b.SPU(); !strings.HasPrefix(got, "[::1]:") {
			t.Errorf("%s: SPU at %s", host, got)
		}
		spus := call[*protocol.ListResponse](dial(t, b.SC()), &protocol.ListRequest{Kind: protocol.KindSpu})
		// Clients put a colon and the port behind it, or brackets around it first; both find their way only without brackets.
		if in := spus.Objects[0].Spec.(*protocol.SpuSpec).PublicEndpoint.Ingress[0]; in.Hostname != nil || *in.IP != "::1" {
			t.Errorf("%s: %s", host, asJSON(in))
		}
	}
	if l, err := net.Listen("tcp", "[::1]:0"); err == nil { // this machine has IPv6
		_ = l.Close()
		b := start(t, Config{SCAddr: "[::1]:0", SPUAddr: "[::1]:0"})
		create(t, b, "t", topicSpec(1))
		dial(t, b.SPU()).mustProduce("t", 0, batchOf(t, record.None, "x"))
	}
}
