package schemaregistry

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/twmb/franz-go/pkg/sr"

	"github.com/weir-stream/weir/internal/fault"
	"github.com/weir-stream/weir/internal/plainfile"
)

const (
	mostAnswer   = 8 << 20 // bytes of an answer, decompressed
	mostHeader   = 64 << 10
	mostCA       = 4 << 20         // bytes of a CA file
	longestTry   = 5 * time.Second // until one request is given up and repeated
	mostRedirect = 5
)

var errAnswerTooLarge = fmt.Errorf("the answer is larger than %d MiB", mostAnswer>>20)

// newClient makes a client over a transport.
func newClient(c Config, u *url.URL, transport http.RoundTripper) (*Client, error) {
	hc := &http.Client{Transport: bounded{transport}, CheckRedirect: stay, Timeout: min(c.Timeout, longestTry)}
	opts := []sr.ClientOpt{sr.URLs(u.String()), sr.UserAgent("weir"), sr.HTTPClient(hc)}
	client := &Client{config: c, at: u.String(), cache: newCache()}
	switch {
	case c.Token != "":
		opts = append(opts, sr.BearerToken(string(c.Token)))
		client.secrets = []Secret{c.Token}
	case c.User != "":
		opts = append(opts, sr.BasicAuth(c.User, string(c.Password)))
		basic := base64.StdEncoding.EncodeToString([]byte(c.User + ":" + string(c.Password)))
		client.secrets = []Secret{c.Password, Secret(basic)}
	}
	var err error
	client.wire, err = sr.NewClient(opts...)
	return client, err
}

// newTransport makes a transport that keeps no connection: answers are kept instead, so requests are few.
func newTransport(c Config) (*http.Transport, error) {
	t := &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: longestTry}).DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    longestTry,
		DisableKeepAlives:      true,
		MaxResponseHeaderBytes: mostHeader,
	}
	if c.CAFile == "" {
		return t, nil
	}
	pem, err := plainfile.Read(c.CAFile, mostCA)
	if err != nil {
		return nil, fault.Inputf("schema registry: option registry.ca_file: %w", err)
	}
	t.TLSClientConfig.RootCAs = x509.NewCertPool()
	if !t.TLSClientConfig.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fault.Inputf("schema registry: option registry.ca_file: %s holds no certificate in PEM form", c.CAFile)
	}
	return t, nil
}

// redirectError is a redirection that was not followed.
type redirectError struct{ to string }

func (e *redirectError) Error() string {
	return "it redirects to " + e.to + ", which is not followed; set the option registry to where the registry is"
}

// stay follows redirections within the registry's own origin only: the headers of a request hold credentials.
func stay(req *http.Request, via []*http.Request) error {
	first := via[0]
	if req.URL.Scheme != first.URL.Scheme || req.URL.Host != first.URL.Host || req.Method != first.Method || len(via) > mostRedirect {
		return &redirectError{(&url.URL{Scheme: req.URL.Scheme, Host: req.URL.Host}).String()}
	}
	return nil
}

// bounded is a transport whose answers end with errAnswerTooLarge behind mostAnswer bytes, or with a brokenError.
type bounded struct{ http.RoundTripper }

func (b bounded) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := b.RoundTripper.RoundTrip(req)
	if err == nil {
		resp.Body = &boundedBody{resp.Body, mostAnswer}
	}
	return resp, err
}

type boundedBody struct {
	io.ReadCloser
	left int
}

func (b *boundedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.left -= n
	switch {
	case b.left < 0:
		return n, errAnswerTooLarge
	case err != nil && err != io.EOF:
		return n, &brokenError{err}
	}
	return n, err
}

// brokenError says why an answer could not be read to its end.
type brokenError struct{ error }

func (e *brokenError) Unwrap() error { return e.error }
