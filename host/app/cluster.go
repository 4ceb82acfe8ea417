package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"time"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/fluvio/admin"
	"github.com/weir-stream/weir/internal/fault"
	"github.com/weir-stream/weir/internal/visible"
)

// Cluster says which Fluvio cluster a command talks to.
type Cluster struct {
	Endpoint    string        // HOST:PORT of the SC; empty: the active profile
	RetryBudget time.Duration // default 60 s
	Log         *slog.Logger
}

// CheckAddress tells whether the value of a flag is HOST:PORT.
func CheckAddress(flag, address string) error {
	host, port, err := net.SplitHostPort(address)
	if _, wrong := strconv.ParseUint(port, 10, 16); err != nil || wrong != nil || host == "" {
		return fault.Inputf("%s: want HOST:PORT, got '%s'", flag, visible.Line(address))
	}
	return nil
}

// Connect connects to the cluster.
func (c Cluster) Connect(ctx context.Context) (*fluvio.Client, error) {
	options := []fluvio.Option{fluvio.WithRetryBudget(c.RetryBudget), fluvio.WithLogger(c.Log)}
	if c.Endpoint != "" {
		options = append(options, fluvio.WithEndpoint(c.Endpoint))
	}
	client, err := fluvio.Connect(ctx, options...)
	if errors.Is(err, fluvio.ErrNoEndpoint) {
		return nil, fault.InputError(err)
	}
	return client, fault.EnvironmentError(err)
}

// WithAdmin connects and runs do.
func (c Cluster) WithAdmin(ctx context.Context, do func(*admin.Admin) error) error {
	client, err := c.Connect(ctx)
	if err != nil {
		return err
	}
	return errors.Join(classed(do(admin.New(client))), client.Close())
}

// classed tells bad input from a problem of the cluster.
func classed(err error) error {
	for _, mine := range []error{
		admin.ErrInvalidName, admin.ErrInvalidConfig, fluvio.ErrRecordTooLarge, fluvio.ErrCompression, fluvio.ErrOffsetOutOfRange,
	} {
		if errors.Is(err, mine) {
			return fault.InputError(err)
		}
	}
	if errors.Is(err, fluvio.ErrTopicNotFound) {
		err = fmt.Errorf("%w; 'weir topic create' makes one", err)
	}
	if err != nil && fault.Of(err) == fault.Bug {
		return fault.EnvironmentError(err)
	}
	return err
}
