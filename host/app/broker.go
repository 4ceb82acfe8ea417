package app

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/weir-stream/weir/fluvio/broker"
	"github.com/weir-stream/weir/internal/fault"
	"github.com/weir-stream/weir/internal/visible"
)

// BrokerConfig is what `weir broker` is told.
type BrokerConfig struct {
	Dir     string // of the log
	SC, SPU string // HOST:PORT; port 0: the system picks
	// PublicHost is the host by which clients reach the SPU; empty: the one that it listens on.
	PublicHost string
	// Flush says when records are forced to the disk, FlushInterval how often with FlushInterval.
	Flush         broker.Flush
	FlushInterval time.Duration
	// Retention, SegmentSize and MaxPartitionSize are for topics that say nothing else; 0: the broker's defaults.
	Retention        time.Duration
	SegmentSize      int64 // bytes
	MaxPartitionSize int64 // bytes
	MaxConnections   int   // of both servers; 0: the broker's default
	TLS              BrokerTLS
	Metrics          string // HOST:PORT to serve metrics and health on; empty: nowhere
	Log              *slog.Logger
}

// BrokerAddresses is where a broker serves.
type BrokerAddresses struct {
	SC      string `json:"sc"`
	SPU     string `json:"spu"`
	Metrics string `json:"metrics,omitempty"`
}

// drainTime is how long a broker lets requests finish before it closes their connections.
const drainTime = 5 * time.Second

// Broker serves until drain is closed or ctx ends; ready is called once it does.
func Broker(ctx context.Context, drain <-chan struct{}, c BrokerConfig, ready func(BrokerAddresses) error) error {
	if c.Dir == "" {
		return fault.Inputf("--data: want a folder")
	}
	if err := errors.Join(CheckAddress("--sc", c.SC), CheckAddress("--spu", c.SPU)); err != nil {
		return err
	}
	if c.Metrics != "" {
		if err := CheckAddress("--metrics", c.Metrics); err != nil {
			return err
		}
	}
	if err := checkPublicHost(c.PublicHost); err != nil {
		return err
	}
	if err := checkBrokerFolder(c.Dir); err != nil {
		return err
	}
	secure, err := c.TLS.config()
	if err != nil {
		return err
	}
	b, err := broker.Open(broker.Config{
		Dir: c.Dir, SCAddr: c.SC, SPUAddr: c.SPU, PublicHost: c.PublicHost, TLS: secure, Logger: c.Log,
		Flush: c.Flush, FlushInterval: c.FlushInterval,
		Retention: c.Retention, SegmentBytes: c.SegmentSize, MaxPartitionBytes: c.MaxPartitionSize, MaxConnections: c.MaxConnections,
	})
	if err != nil {
		return fault.EnvironmentError(err)
	}
	failed := serveBroker(ctx, drain, c, b, ready)
	closing, cancel := context.WithTimeout(ctx, drainTime)
	defer cancel()
	return errors.Join(failed, fault.EnvironmentError(b.Close(closing)))
}

// checkPublicHost refuses what clients can't reach: a host with a port, which is the one that the SPU listens on.
func checkPublicHost(host string) error {
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if _, err := netip.ParseAddr(host); err == nil || !strings.ContainsAny(host, ":/[] \t\n") {
		return nil
	}
	return fault.Inputf("--public-host: want a host without a port, got '%s'; its port is that of --spu", visible.Line(host))
}

// addresses is where a broker serves, given where it listens and what it tells clients of its SPU. An address that stands for all of the
// machine stays as it was asked for. That the SPU has one while clients of other machines are sent to their own is worth a warning.
func (c *BrokerConfig) addresses(sc, spu string) BrokerAddresses {
	public, _, _ := net.SplitHostPort(spu)
	if ip, err := netip.ParseAddr(public); everywhere(c.SPU) && (public == "localhost" || err == nil && ip.IsLoopback()) {
		c.Log.Warn("the SPU listens on all addresses, but clients are told to reach it at "+public+", so those of other machines do not; "+
			"--public-host HOST tells them another one", "spu", spu)
	}
	at := BrokerAddresses{SC: asAsked(c.SC, sc), SPU: spu}
	if c.PublicHost == "" {
		at.SPU = asAsked(c.SPU, spu)
	}
	return at
}

// everywhere tells whether an address stands for all of the machine.
func everywhere(address string) bool {
	host, _, _ := net.SplitHostPort(address)
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsUnspecified()
}

// asAsked is the address that was asked for, with the port that there is, if it stands for all of the machine.
func asAsked(asked, real string) string {
	if !everywhere(asked) {
		return real
	}
	host, _, _ := net.SplitHostPort(asked)
	_, port, _ := net.SplitHostPort(real)
	return net.JoinHostPort(host, port)
}

// serveBroker serves the metrics, and waits.
func serveBroker(ctx context.Context, drain <-chan struct{}, c BrokerConfig, b *broker.Broker, ready func(BrokerAddresses) error) error {
	at := c.addresses(b.SC(), b.SPU())
	if c.Metrics != "" {
		server, err := serveMetrics(c.Metrics, brokerHandler(b.Stats), c.Log)
		if err != nil {
			return fault.EnvironmentError(err)
		}
		defer server.close()
		at.Metrics = server.address()
	}
	if err := ready(at); err != nil {
		return fault.EnvironmentError(err)
	}
	select {
	case <-drain:
	case <-ctx.Done():
	}
	return nil
}
