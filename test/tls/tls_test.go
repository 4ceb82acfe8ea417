// Package tls drives the client against the broker with TLS between them, as profile files of Fluvio's own layout ask for it.
package tls

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/fluvio/admin"
	"github.com/weir-stream/weir/fluvio/broker"
	"github.com/weir-stream/weir/fluvio/config"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds what should happen soon; no test waits for it to pass.
const patience = 30 * time.Second

const domain = "fluvio.test"

func soon(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

func startBroker(t testing.TB, conf *tls.Config) *broker.Broker {
	t.Helper()
	b, err := broker.Open(broker.Config{Dir: t.TempDir(), TLS: conf, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return b
}

// profile writes a profile file as Fluvio's command line does, with table as the cluster's tls table, and makes it the one in use.
func profile(t *testing.T, endpoint, table string) {
	t.Helper()
	t.Setenv(config.PathVariable, writeFile(t, "config", fmt.Sprintf(`version = "2.0"
current_profile = "secure"

[profile.secure]
cluster = "secure"

[cluster.secure]
endpoint = "%s"
use_spu_local_address = false

%s
[cluster.secure.metadata.installation]
type = "local"
`, endpoint, table)))
}

// inline is a tls table with certificates as text, files one with paths.
func inline(ca string, client issued, name string) string {
	return fmt.Sprintf("[cluster.secure.tls]\ntls_policy = \"verified\"\ntls_source = \"inline\"\n\n[cluster.secure.tls.certs]\n"+
		"domain = \"%s\"\nkey = \"\"\"\n%s\"\"\"\ncert = \"\"\"\n%s\"\"\"\nca_cert = \"\"\"\n%s\"\"\"\n", name, client.key, client.cert, ca)
}

func files(t *testing.T, ca string, client issued, name string) string {
	t.Helper()
	return fmt.Sprintf("[cluster.secure.tls]\ntls_policy = \"verified\"\ntls_source = \"files\"\n\n[cluster.secure.tls.certs]\n"+
		"domain = \"%s\"\nkey = \"%s\"\ncert = \"%s\"\nca_cert = \"%s\"\n", name,
		writeFile(t, "client.key", client.key), writeFile(t, "client.crt", client.cert), writeFile(t, "ca.crt", ca))
}

const (
	anonymous = "[cluster.secure.tls]\ntls_policy = \"anonymous\"\n"
	disabled  = "[cluster.secure.tls]\ntls_policy = \"disabled\"\n"
)

// roundTrip creates a topic, writes a record and reads it, so it uses connections to both servers.
func roundTrip(t *testing.T) {
	t.Helper()
	ctx := soon(t)
	client, err := fluvio.Connect(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := admin.New(client).CreateTopic(ctx, "t", admin.TopicConfig{Partitions: 1}); err != nil {
		t.Fatal(err)
	}
	p, err := client.Producer(ctx, "t")
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Produce(ctx, fluvio.Record{Value: []byte("secret")}); err != nil {
		t.Fatal(err)
	}
	if err := p.Close(ctx); err != nil {
		t.Fatal(err)
	}
	c, err := client.Consumer(ctx, "t", 0, fluvio.Beginning())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	records, err := c.Poll(ctx)
	if err != nil || string(records[0].Value) != "secret" {
		t.Fatalf("%v, %v", records, err)
	}
}

func TestProfilesThatFit(t *testing.T) {
	ca := newAuthority(t, "server CA")
	clients := newAuthority(t, "client CA")
	server, client := ca.issue(domain, "*."+domain), clients.issue()
	for name, tc := range map[string]struct {
		conf  *tls.Config
		table string
	}{
		"verified, inline":                       {server.server(t, clients), inline(ca.pem, client, domain)},
		"verified, files":                        {server.server(t, clients), files(t, ca.pem, client, domain)},
		"verified where no certificate is asked": {server.server(t, nil), inline(ca.pem, client, domain)},
		"anonymous":                              {server.server(t, nil), anonymous},
		"disabled":                               {nil, disabled},
		"no table":                               {nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			profile(t, startBroker(t, tc.conf).SC(), tc.table)
			roundTrip(t)
		})
	}
}

func TestProfilesThatDoNotFit(t *testing.T) {
	ca, clients, stranger := newAuthority(t, "server CA"), newAuthority(t, "client CA"), newAuthority(t, "another CA")
	server, client := ca.issue(domain, "*."+domain), clients.issue()
	for name, tc := range map[string]struct {
		conf  *tls.Config
		table string
		says  string
	}{
		"wrong CA":                     {server.server(t, clients), inline(stranger.pem, client, domain), "unknown authority"},
		"wrong name":                   {server.server(t, clients), inline(ca.pem, client, "other.test"), "not other.test"},
		"client of a stranger":         {server.server(t, clients), inline(ca.pem, stranger.issue(), domain), "wants a client certificate"},
		"missing client certificate":   {server.server(t, clients), anonymous, "wants a client certificate"},
		"plain client, TLS broker":     {server.server(t, nil), disabled, "does it want TLS?"},
		"TLS client, plain broker":     {nil, anonymous, "does the server use TLS?"},
		"verified client, plain again": {nil, inline(ca.pem, client, domain), "TLS with '" + domain + "'"},
	} {
		t.Run(name, func(t *testing.T) {
			b := startBroker(t, tc.conf)
			profile(t, b.SC(), tc.table)
			var dials atomic.Int64
			dial := func(ctx context.Context, network, address string) (net.Conn, error) {
				dials.Add(1)
				return new(net.Dialer).DialContext(ctx, network, address)
			}
			_, err := fluvio.Connect(soon(t), fluvio.WithRetryBudget(0), fluvio.WithDialer(dial))
			if err == nil || errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("connect: %v", err)
			}
			if n := dials.Load(); n != 1 {
				t.Errorf("%d connections with a budget of one try", n)
			}
			dials.Store(0)
			if _, err := fluvio.Connect(soon(t), fluvio.WithRetryBudget(time.Second), fluvio.WithDialer(dial)); err == nil {
				t.Error("connected")
			} else if tc.says == "wants a client certificate" && errors.Is(err, fluvio.ErrUnavailable) {
				t.Errorf("tried again: %v", err)
			}
			// Pauses grow from a tenth of a second or so: a storm would be thousands.
			if n := dials.Load(); n < 1 || n > 50 {
				t.Errorf("%d connections in a second", n)
			}
		})
	}
}

// The SPU has a name of its own in front of the SC's: a certificate for the SC alone is refused there, by the name that is missing.
func TestSPUNeedsItsName(t *testing.T) {
	ca := newAuthority(t, "server CA")
	profile(t, startBroker(t, ca.issue(domain).server(t, nil)).SC(), inline(ca.pem, ca.issue(), domain))
	client, err := fluvio.Connect(soon(t), fluvio.WithRetryBudget(0))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := admin.New(client).CreateTopic(soon(t), "t", admin.TopicConfig{Partitions: 1}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Offsets(soon(t), "t", 0); err == nil || !strings.Contains(err.Error(), "custom-spu-5001."+domain) {
		t.Errorf("offsets: %v", err)
	}
}
