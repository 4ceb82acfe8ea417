package config_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/weir-stream/weir/fluvio/config"
)

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const local = `
version = "2.0"
current_profile = "local"

[profile.local]
cluster = "here"
topic = "unused"

[profile.cloud]
cluster = "there"

[profile.lost]
cluster = "nowhere"

[profile.blank]
cluster = "blank"

[cluster.here]
endpoint = "127.0.0.1:9003"

[cluster.here.metadata.installation]
type = "local"

[cluster.there]
addr = "cloud.example:9003"
use_spu_local_address = true

[cluster.there.tls]
tls_policy = "disabled"

[cluster.blank]
`

func TestProfilesLeadToClusters(t *testing.T) {
	f, err := config.Read(write(t, "config", local))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]config.Cluster{
		"":      {Profile: "local", Name: "here", Endpoint: "127.0.0.1:9003"},
		"cloud": {Profile: "cloud", Name: "there", Endpoint: "cloud.example:9003", UseSPULocalAddress: true},
	} {
		if got, err := f.Cluster(name); err != nil || got != want {
			t.Errorf("%q: %+v, %v", name, got, err)
		}
	}
}

func TestErrorsSayWhatIsWrongAndWhatThereIs(t *testing.T) {
	for name, tc := range map[string]struct {
		text, profile string
		want          error
		says          string
	}{
		"unknown profile":    {local, "other", config.ErrUnknownProfile, "'blank', 'cloud', 'local', 'lost'"},
		"unknown cluster":    {local, "lost", config.ErrUnknownCluster, "'nowhere' of profile 'lost'"},
		"no endpoint":        {local, "blank", config.ErrNoEndpoint, "cluster.blank.endpoint"},
		"no current profile": {"[profile.a]\ncluster = 'c'\n", "", config.ErrNoActiveProfile, "set current_profile, or name one of 'a'"},
		"no profile":         {"version = \"2.0\"\n[profile]\n[cluster]\n", "", config.ErrNoActiveProfile, "has no profile at all"},
		"empty file":         {"", "", config.ErrNoActiveProfile, "has no profile at all"},
		"bad policy":         {withTLS("tls_policy = 'perhaps'"), "", config.ErrTLS, "'perhaps'"},
		"no domain":          {withTLS("tls_policy = 'verified'"), "", config.ErrTLS, "certs.domain"},
		"no CA":              {withTLS("tls_policy = 'verified'\ntls_source = 'inline'\n[cluster.c.tls.certs]\ndomain = 'd'"), "", config.ErrTLS, "certs.ca_cert"},
		"bad source":         {withTLS("tls_policy = 'verified'\ntls_source = 'sky'\n[cluster.c.tls.certs]\ndomain = 'd'\nca_cert = 'x'"), "", config.ErrTLS, "'sky'"},
		"CA is no PEM":       {withTLS("tls_policy = 'verify'\ntls_source = 'inline'\n[cluster.c.tls.certs]\ndomain = 'd'\nca_cert = 'x'"), "", config.ErrTLS, "PEM"},
		"CA file is absent":  {withTLS("tls_policy = 'verified'\ntls_source = 'files'\n[cluster.c.tls.certs]\ndomain = 'd'\nca_cert = '/no/such.pem'"), "", config.ErrTLS, "/no/such.pem"},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := config.Read(write(t, "config", tc.text))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.Cluster(tc.profile); !errors.Is(err, tc.want) || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestFilesThatCannotBeRead(t *testing.T) {
	if _, err := config.Read(filepath.Join(t.TempDir(), "absent")); !errors.Is(err, config.ErrNoFile) || !strings.Contains(err.Error(), config.PathVariable) {
		t.Errorf("absent: %v", err)
	}
	if _, err := config.Read(t.TempDir()); !errors.Is(err, config.ErrInvalid) {
		t.Errorf("a folder: %v", err)
	}
	if _, err := config.Read(write(t, "config", "a = 1\nb = [")); !errors.Is(err, config.ErrInvalid) || !strings.Contains(err.Error(), "config:2:") {
		t.Errorf("no TOML: %v", err)
	}
	if _, err := config.Read(write(t, "config", "current_profile = 5")); !errors.Is(err, config.ErrInvalid) {
		t.Errorf("a number for a name: %v", err)
	}
	if _, err := config.Read(write(t, "config", strings.Repeat("# more\n", 1<<20))); !errors.Is(err, config.ErrInvalid) {
		t.Errorf("7 MiB: %v", err)
	}
}

func TestTheFileIsWhereTheVariableOrTheHomeFolderSays(t *testing.T) {
	path := write(t, "mine", local)
	t.Setenv(config.PathVariable, path)
	f, err := config.Load()
	if err != nil {
		t.Fatal(err)
	}
	if c, err := f.Cluster(""); err != nil || c.Name != "here" {
		t.Errorf("%+v, %v", c, err)
	}
	home := t.TempDir()
	t.Setenv(config.PathVariable, "")
	t.Setenv("HOME", home)
	if got, err := config.Path(); err != nil || got != filepath.Join(home, ".fluvio", "config") {
		t.Errorf("%q, %v", got, err)
	}
	t.Setenv("HOME", "")
	if _, err := config.Load(); !errors.Is(err, config.ErrNoFile) {
		t.Errorf("no home: %v", err)
	}
}

func withTLS(table string) string {
	return "current_profile = 'p'\n[profile.p]\ncluster = 'c'\n[cluster.c]\nendpoint = 'h:1'\n[cluster.c.tls]\n" + table + "\n"
}

func TestAnonymousTLSTakesAnyCertificate(t *testing.T) {
	f, err := config.Read(write(t, "config", withTLS("tls_policy = 'anonymous'")))
	if err != nil {
		t.Fatal(err)
	}
	c, err := f.Cluster("")
	if err != nil || c.TLS == nil || !c.TLS.InsecureSkipVerify || c.TLS.ServerName != "" {
		t.Errorf("%+v, %v", c.TLS, err)
	}
}

func TestVerifiedTLSReadsCertificatesInlineAndFromFiles(t *testing.T) {
	cert, key := selfSigned(t)
	certFile, keyFile := write(t, "cert", cert), write(t, "key", key)
	for name, table := range map[string]string{
		"inline": fmt.Sprintf("tls_source = 'inline'\n[cluster.c.tls.certs]\ndomain = 'fluvio.local'\nca_cert = '''%s'''\ncert = '''%s'''\nkey = '''%s'''", cert, cert, key),
		"files":  fmt.Sprintf("tls_source = 'files'\n[cluster.c.tls.certs]\ndomain = 'fluvio.local'\nca_cert = '%s'\ncert = '%s'\nkey = '%s'", certFile, certFile, keyFile),
	} {
		f, err := config.Read(write(t, "config", withTLS("tls_policy = 'verified'\n"+table)))
		if err != nil {
			t.Fatal(err)
		}
		c, err := f.Cluster("")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if c.TLS.ServerName != "fluvio.local" || len(c.TLS.Certificates) != 1 || c.TLS.RootCAs == nil || c.TLS.InsecureSkipVerify {
			t.Errorf("%s: %+v", name, c.TLS)
		}
	}
	mismatched := fmt.Sprintf("tls_policy = 'verified'\ntls_source = 'inline'\n[cluster.c.tls.certs]\ndomain = 'd'\nca_cert = '''%s'''\ncert = '''%s'''\nkey = '''%s'''", cert, cert, cert)
	f, err := config.Read(write(t, "config", withTLS(mismatched)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Cluster(""); !errors.Is(err, config.ErrTLS) || !strings.Contains(err.Error(), "certs.key") {
		t.Errorf("a certificate for a key: %v", err)
	}
}

func selfSigned(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"fluvio.local"}, NotAfter: time.Now().Add(time.Hour), IsCA: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	encode := func(kind string, b []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}))
	}
	return encode("CERTIFICATE", der), encode("PRIVATE KEY", pkcs)
}
