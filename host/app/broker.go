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
	Log     *slog.Logger
}

// drainTime is how long a broker lets requests finish before it closes their connections.
const drainTime = 5 * time.Second

// Broker serves until drain is closed or ctx ends; ready is called once it does.
func Broker(ctx context.Context, drain <-chan struct{}, c BrokerConfig, ready func(sc, spu string) error) error {
	if c.Dir == "" {
		return fault.Inputf("--data: want a folder")
	}
	if err := errors.Join(CheckAddress("--sc", c.SC), CheckAddress("--spu", c.SPU)); err != nil {
		return err
	}
	b, err := broker.Open(broker.Config{Dir: c.Dir, SCAddr: c.SC, SPUAddr: c.SPU, Logger: c.Log})
	if err != nil {
		return fault.EnvironmentError(err)
	}
	failed := fault.EnvironmentError(ready(b.SC(), b.SPU()))
	if failed == nil {
		select {
		case <-drain:
		case <-ctx.Done():
		}
	}
	closing, cancel := context.WithTimeout(ctx, drainTime)
	defer cancel()
	return errors.Join(failed, fault.EnvironmentError(b.Close(closing)))
}
