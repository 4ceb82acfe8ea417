package app

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/weir-stream/weir/fluvio/broker"
	"github.com/weir-stream/weir/internal/fault"
)

// BrokerConfig is what `weir broker` is told.
type BrokerConfig struct {
	Dir     string // of the log
	SC, SPU string // HOST:PORT; port 0: the system picks
	// PublicHost is the host by which clients reach the SPU; empty: the one that it listens on.
	PublicHost string
	TLS        BrokerTLS
	Metrics    string // HOST:PORT to serve metrics and health on; empty: nowhere
	Log        *slog.Logger
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
	secure, err := c.TLS.config()
	if err != nil {
		return err
	}
	b, err := broker.Open(broker.Config{Dir: c.Dir, SCAddr: c.SC, SPUAddr: c.SPU, PublicHost: c.PublicHost, TLS: secure, Logger: c.Log})
	if err != nil {
		return fault.EnvironmentError(err)
	}
	failed := serveBroker(ctx, drain, c, b, ready)
	closing, cancel := context.WithTimeout(ctx, drainTime)
	defer cancel()
	return errors.Join(failed, fault.EnvironmentError(b.Close(closing)))
}

// serveBroker serves the metrics, and waits.
func serveBroker(ctx context.Context, drain <-chan struct{}, c BrokerConfig, b *broker.Broker, ready func(BrokerAddresses) error) error {
	at := BrokerAddresses{SC: b.SC(), SPU: b.SPU()}
	if c.Metrics != "" {
		server, err := serveMetrics(c.Metrics, b.Stats, c.Log)
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
