package app

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/fluvio/admin"
	"github.com/weir-stream/weir/fluvio/broker"
	"github.com/weir-stream/weir/internal/fault"
)

// running runs a broker with c beside the test and returns where it serves.
func running(t *testing.T, c BrokerConfig) BrokerAddresses {
	t.Helper()
	c.Dir, c.Log = t.TempDir(), slog.New(slog.DiscardHandler)
	c.SC, c.SPU = "127.0.0.1:0", "127.0.0.1:0"
	ready, drain, done := make(chan BrokerAddresses, 1), make(chan struct{}), make(chan error, 1)
	go func() {
		done <- Broker(context.Background(), drain, c, func(at BrokerAddresses) error { ready <- at; return nil })
	}()
	t.Cleanup(func() {
		close(drain)
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	select {
	case at := <-ready:
		return at
	case err := <-done:
		done <- nil
		t.Fatal(err)
	}
	return BrokerAddresses{}
}

func get(t *testing.T, url string) (status int, body string) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// scraped reads the metrics page and returns each sample as NAME{LABEL=VALUE,...}.
func scraped(t *testing.T, at BrokerAddresses) map[string]float64 {
	t.Helper()
	status, text := get(t, "http://"+at.Metrics+"/metrics")
	if status != http.StatusOK {
		t.Fatalf("status %d: %s", status, text)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	samples := map[string]float64{}
	for name, f := range families {
		if f.GetHelp() == "" {
			t.Errorf("%s has no help", name)
		}
		for _, m := range f.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, l.GetName()+"="+l.GetValue())
			}
			samples[name+"{"+strings.Join(labels, ",")+"}"] = m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	return samples
}

func TestMetricsCountWhatHappened(t *testing.T) {
	at := running(t, BrokerConfig{Metrics: "127.0.0.1:0"})
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	client, err := fluvio.Connect(ctx, fluvio.WithEndpoint(at.SC))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := admin.New(client).CreateTopic(ctx, "flights", admin.TopicConfig{Partitions: 2}); err != nil {
		t.Fatal(err)
	}
	p, err := client.Producer(ctx, "flights")
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := p.ProduceTo(ctx, 1, fluvio.Record{Value: []byte("x")}); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Close(ctx); err != nil {
		t.Fatal(err)
	}
	if err := admin.New(client).DeleteTopic(ctx, "nosuch"); err == nil {
		t.Error("a topic that is not there was deleted")
	}
	got := scraped(t, at)
	for got["weir_broker_requests_total{outcome=error,request=Delete,server=sc}"] == 0 && ctx.Err() == nil {
		got = scraped(t, at) // a request is counted when its answer has been sent
	}
	for sample, want := range map[string]float64{
		"weir_broker_records_total{direction=in}":                               3,
		"weir_broker_partition_end_offset{partition=1,topic=flights}":           3,
		"weir_broker_partition_end_offset{partition=0,topic=flights}":           0,
		"weir_broker_partition_start_offset{partition=1,topic=flights}":         0,
		"weir_broker_requests_total{outcome=ok,request=Create,server=sc}":       1,
		"weir_broker_requests_total{outcome=error,request=Delete,server=sc}":    1,
		"weir_broker_requests_total{outcome=closed,request=Produce,server=spu}": 0,
		"weir_broker_errors_total{code=TopicNotFound,server=sc}":                1,
		"weir_broker_consumer_offsets_hidden{}":                                 0,
		"weir_broker_in_flight_limit_bytes{}":                                   128 << 20,
		"weir_broker_partition_consumers{partition=1,topic=flights}":            0,
		"weir_broker_partition_size_bytes{partition=0,topic=consumer-offset}":   0,
	} {
		if v, ok := got[sample]; !ok || v != want {
			t.Errorf("%s is %v (there: %v), want %v", sample, v, ok, want)
		}
	}
	for _, sample := range []string{"weir_broker_received_bytes_total{server=spu}", "weir_broker_sent_bytes_total{server=sc}",
		"weir_broker_connections{server=sc}", "weir_broker_streams{server=sc}", "weir_broker_batches_total{direction=in}", "go_goroutines{}"} {
		if got[sample] <= 0 {
			t.Errorf("%s is %v", sample, got[sample])
		}
	}
	if status, text := get(t, "http://"+at.Metrics+"/healthz"); status != http.StatusOK || text != "ok\n" {
		t.Errorf("health: %d %q", status, text)
	}
	if status, _ := get(t, "http://"+at.Metrics+"/other"); status != http.StatusNotFound {
		t.Errorf("another path: %d", status)
	}
}

// Whatever the broker says, the page can be read, follows Prometheus' conventions, and does not grow with the names that clients choose.
func TestMetricsOfAnyStats(t *testing.T) {
	p := broker.PartitionStats{Topic: "t", Start: 1, End: 9, Bytes: 100}
	for i := range mostConsumers + 5 {
		p.Consumers = append(p.Consumers, broker.ConsumerStats{ID: "consumer \"\n\\" + string(rune('a'+i%26)) + strings.Repeat("x", i/26), Offset: int64(i)})
	}
	stats := broker.Stats{
		SC:         broker.ServerStats{Requests: []broker.RequestStats{{Name: "List", Outcome: "ok", Count: 3}}, Errors: []broker.ReasonStats{{Reason: "Other", Count: 1}}},
		SPU:        broker.ServerStats{Closed: []broker.ReasonStats{{Reason: "tls", Count: 2}}},
		Partitions: []broker.PartitionStats{p},
	}
	c := brokerCollector{func() broker.Stats { return stats }}
	if problems, err := testutil.CollectAndLint(c); err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
	if n := testutil.CollectAndCount(c, "weir_broker_consumer_offset"); n != mostConsumers {
		t.Errorf("%d consumer offsets", n)
	}
	want := "# HELP weir_broker_consumer_offsets_hidden Stored offsets that are not shown because there are too many.\n" +
		"# TYPE weir_broker_consumer_offsets_hidden gauge\nweir_broker_consumer_offsets_hidden 5\n"
	if err := testutil.CollectAndCompare(c, strings.NewReader(want), "weir_broker_consumer_offsets_hidden"); err != nil {
		t.Error(err)
	}
	described := map[string]bool{}
	out := make(chan *prometheus.Desc, 100)
	c.Describe(out)
	close(out)
	for d := range out {
		described[d.String()] = true
	}
	if len(described) != len(brokerDescs) {
		t.Errorf("%d descriptions of %d differ", len(described), len(brokerDescs))
	}
}

// keyPair writes a certificate that signs itself, and its key.
func keyPair(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"fluvio.test", "*.fluvio.test"}, NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, kind string, b []byte) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return write("cert.pem", "CERTIFICATE", der), write("key.pem", "PRIVATE KEY", pkcs)
}

func TestBrokerFlagsThatMakeNoSense(t *testing.T) {
	cert, key := keyPair(t)
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	good := BrokerConfig{Dir: t.TempDir(), SC: "127.0.0.1:0", SPU: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler)}
	for says, change := range map[string]func(*BrokerConfig){
		"--data":                  func(c *BrokerConfig) { c.Dir = "" },
		"--sc":                    func(c *BrokerConfig) { c.SC = "nowhere" },
		"--metrics":               func(c *BrokerConfig) { c.Metrics = "9090" },
		"want both":               func(c *BrokerConfig) { c.TLS.Cert = cert },
		"--tls-key":               func(c *BrokerConfig) { c.TLS = BrokerTLS{ClientCA: cert} },
		"no such file":            func(c *BrokerConfig) { c.TLS = BrokerTLS{Cert: cert, Key: "/no/such"} },
		"--tls-client-ca: open":   func(c *BrokerConfig) { c.TLS = BrokerTLS{Cert: cert, Key: key, ClientCA: "/no/such"} },
		"no certificate in PEM":   func(c *BrokerConfig) { c.TLS = BrokerTLS{Cert: cert, Key: key, ClientCA: empty} },
		"private key does not ma": func(c *BrokerConfig) { _, other := keyPair(t); c.TLS = BrokerTLS{Cert: cert, Key: other} },
	} {
		c := good
		change(&c)
		err := Broker(context.Background(), nil, c, func(BrokerAddresses) error { t.Error("it serves"); return nil })
		if err == nil || fault.Of(err) != fault.Input || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", says, err)
		}
	}
	taken := running(t, BrokerConfig{Metrics: "127.0.0.1:0"})
	good.Metrics = taken.Metrics
	err := Broker(context.Background(), nil, good, func(BrokerAddresses) error { t.Error("it serves"); return nil })
	if fault.Of(err) != fault.Environment || !strings.Contains(err.Error(), "metrics") {
		t.Errorf("port in use: %v", err)
	}
}

func TestBrokerServesTLSFromFiles(t *testing.T) {
	cert, key := keyPair(t)
	at := running(t, BrokerConfig{TLS: BrokerTLS{Cert: cert, Key: key, ClientCA: cert}})
	read := func(path string) string {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	profile := filepath.Join(t.TempDir(), "config")
	text := "current_profile = 'p'\n[profile.p]\ncluster = 'c'\n[cluster.c]\nendpoint = '" + at.SC + "'\n[cluster.c.tls]\ntls_policy = 'verified'\ntls_source = 'inline'\n" +
		"[cluster.c.tls.certs]\ndomain = 'fluvio.test'\nca_cert = '''" + read(cert) + "'''\ncert = '''" + read(cert) + "'''\nkey = '''" + read(key) + "'''\n"
	if err := os.WriteFile(profile, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("FLV_PROFILE_PATH", profile)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	client, err := fluvio.Connect(ctx, fluvio.WithRetryBudget(0))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := client.Offsets(ctx, "consumer-offset", 0); err != nil { // asks the SPU
		t.Error(err)
	}
}

func TestAddressesAreShownAsTheyWereAskedFor(t *testing.T) {
	for _, tc := range []struct {
		c       BrokerConfig
		sc, spu string // where it listens, and what it tells clients
		want    BrokerAddresses
		warned  bool
	}{
		{BrokerConfig{SC: "0.0.0.0:0", SPU: "0.0.0.0:0"}, "[::]:7", "localhost:8", BrokerAddresses{SC: "0.0.0.0:7", SPU: "0.0.0.0:8"}, true},
		{BrokerConfig{SC: "[::]:0", SPU: "[::]:0", PublicHost: "a"}, "[::]:7", "a:8", BrokerAddresses{SC: "[::]:7", SPU: "a:8"}, false},
		{BrokerConfig{SC: "127.0.0.1:0", SPU: "127.0.0.1:0"}, "127.0.0.1:7", "127.0.0.1:8", BrokerAddresses{SC: "127.0.0.1:7", SPU: "127.0.0.1:8"}, false},
	} {
		var log strings.Builder
		tc.c.Log = slog.New(slog.NewTextHandler(&log, nil))
		if got := tc.c.addresses(tc.sc, tc.spu); got != tc.want || (log.Len() > 0) != tc.warned {
			t.Errorf("%+v: %+v, %s", tc.c, got, log.String())
		}
	}
	for host, good := range map[string]bool{"": true, "a.example": true, "::1": true, "[::1]": true, "foo:bar": false, "a b": false, "a/b": false} {
		if err := checkPublicHost(host); (err == nil) != good || err != nil && fault.Of(err) != fault.Input {
			t.Errorf("%q: %v", host, err)
		}
	}
}
