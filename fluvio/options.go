package fluvio

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"time"

	"github.com/weir-stream/weir/fluvio/config"
)

// Option changes how Connect reaches a cluster.
type Option interface{ apply(*settings) }

type option func(*settings)

func (o option) apply(s *settings) { o(s) }

// settings of a client; see the options.
type settings struct {
	endpoint       string
	profile        string
	tls            *tls.Config
	spuLocal       bool
	clientID       string
	logger         *slog.Logger
	budget         time.Duration
	onRetry        func(error)
	retryLevel     slog.Level
	requestTimeout time.Duration
	dial           func(ctx context.Context, network, address string) (net.Conn, error)
	maxFrame       int
	produceConns   int
}

const (
	// connectTimeout bounds a try to connect, TLS and ApiVersions included.
	connectTimeout = 10 * time.Second
	// smallestFrame that a limit may be set to: a batch of a record and its surroundings.
	smallestFrame = 64 << 10
)

// keepAlive notices a vanished peer within half a minute.
var keepAlive = net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 5 * time.Second, Count: 3}

// WithEndpoint names the SC of the cluster, HOST:PORT. Profiles are not looked at then.
func WithEndpoint(address string) Option { return option(func(s *settings) { s.endpoint = address }) }

// WithProfile chooses a profile of the profile file (package config), instead of the current one.
func WithProfile(name string) Option { return option(func(s *settings) { s.profile = name }) }

// WithTLS encrypts connections to all servers of the cluster. ServerName is the SC's; SPUs must have certificates for their name
// and a dot in front of it. If it is empty the dialled host is the name. It overrides the profile. The client keeps conf.
func WithTLS(conf *tls.Config) Option { return option(func(s *settings) { s.tls = conf }) }

// WithSPULocalAddress uses the addresses that SPUs publish for clients in their own network, where they publish one.
func WithSPULocalAddress() Option { return option(func(s *settings) { s.spuLocal = true }) }

// WithClientID names the program to servers, which count by it. The default is weir.
func WithClientID(id string) Option { return option(func(s *settings) { s.clientID = id }) }

// WithLogger says where to report reconnects and the like. By default nothing is reported.
func WithLogger(l *slog.Logger) Option { return option(func(s *settings) { s.logger = l }) }

// WithRetryBudget bounds how long anything is tried before it fails with ErrUnavailable; 60 s by default. It counts from the begin, for
// what goes on for long, as a consumer, from its first failure; a success makes it whole again. Each attempt ends with it, too, but has
// at least 1 s to connect, and 1 s for a request and what the request allows the server to take. With 0 nothing is tried twice, and the
// one attempt may take 10 s to connect and WithRequestTimeout. What the SC has not told yet is waited for at least 5 s.
func WithRetryBudget(d time.Duration) Option { return option(func(s *settings) { s.budget = d }) }

// WithRetryHook has f called with every failure after which there is another try. It must be quick, and may be called concurrently. It is left
// to f to tell somebody: in the log a failure is at debug level then, and not a warning.
func WithRetryHook(f func(error)) Option {
	return option(func(s *settings) { s.onRetry, s.retryLevel = f, slog.LevelDebug })
}

// WithRequestTimeout says after what time without an answer a connection counts as lost; 30 s by default. What a request itself
// allows the server to take (WithCommitTimeout, creating topics) is added.
func WithRequestTimeout(d time.Duration) Option {
	return option(func(s *settings) { s.requestTimeout = d })
}

// WithDialer replaces how connections are made, TLS not included.
func WithDialer(dial func(ctx context.Context, network, address string) (net.Conn, error)) Option {
	return option(func(s *settings) { s.dial = dial })
}

// WithMaxFrame bounds the frames that servers may send, in bytes; 64 MiB by default, 64 KiB to 2 GiB. A consumer needs room for its
// largest batch.
func WithMaxFrame(bytes int) Option { return option(func(s *settings) { s.maxFrame = bytes }) }

// WithProduceConnections says how many connections to each SPU the producers share; 4 by default. An SPU works on one request of
// a connection at a time.
func WithProduceConnections(n int) Option { return option(func(s *settings) { s.produceConns = n }) }

// newSettings applies options to the defaults, reads the profile if one is needed, and checks.
func newSettings(opts []Option) (settings, error) {
	dialer := &net.Dialer{KeepAliveConfig: keepAlive}
	s := settings{
		clientID:       "weir",
		logger:         slog.New(slog.DiscardHandler),
		budget:         time.Minute,
		onRetry:        func(error) {},
		retryLevel:     slog.LevelWarn,
		requestTimeout: 30 * time.Second,
		dial:           dialer.DialContext,
		maxFrame:       64 << 20,
		produceConns:   4,
	}
	for _, o := range opts {
		o.apply(&s)
	}
	if s.endpoint == "" {
		if err := s.readProfile(); err != nil {
			return s, err
		}
	}
	return s, s.check()
}

func (s *settings) readProfile() error {
	file, err := config.Load()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNoEndpoint, err)
	}
	cluster, err := file.Cluster(s.profile)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNoEndpoint, err)
	}
	s.endpoint = cluster.Endpoint
	s.spuLocal = s.spuLocal || cluster.UseSPULocalAddress
	if s.tls == nil {
		s.tls = cluster.TLS
	}
	return nil
}

func (s *settings) check() error {
	if _, _, err := net.SplitHostPort(s.endpoint); err != nil {
		return fmt.Errorf("endpoint '%s': want HOST:PORT: %w", s.endpoint, err)
	}
	switch {
	case s.budget < 0:
		return fmt.Errorf("retry budget %v: want 0 or more", s.budget)
	case s.requestTimeout <= 0:
		return fmt.Errorf("request timeout %v: want more than 0", s.requestTimeout)
	case s.maxFrame < smallestFrame || s.maxFrame > math.MaxInt32:
		return fmt.Errorf("largest frame %d bytes: want %d to %d", s.maxFrame, smallestFrame, math.MaxInt32)
	case s.produceConns < 1:
		return fmt.Errorf("%d produce connections: want at least 1", s.produceConns)
	case s.logger == nil, s.onRetry == nil, s.dial == nil:
		return errors.New("nil logger, retry hook or dialer: leave the option out for the default")
	}
	return nil
}
