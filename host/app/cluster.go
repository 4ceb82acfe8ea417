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
	Endpoint    string        // HOST:PORT of the SC; empty: the profile's
	Profile     string        // of the profile file; empty: the active one
	TLS         ClusterTLS    // overrides the profile's
	RetryBudget time.Duration // default 60 s
	Log         *slog.Logger
}

// Check finds settings that can't be, before anything is connected to.
func (c Cluster) Check() error {
	if c.Endpoint != "" {
		if err := CheckAddress("--endpoint", c.Endpoint); err != nil {
			return err
		}
		if c.Profile != "" {
			return fault.Inputf("--endpoint and --profile: want one of them")
		}
	}
	return c.TLS.check()
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
	if c.Profile != "" {
		options = append(options, fluvio.WithProfile(c.Profile))
	}
	conf, err := c.TLS.config()
	if err != nil {
		return nil, err
	}
	if conf != nil {
		options = append(options, fluvio.WithTLS(conf))
		if conf.InsecureSkipVerify {
			c.Log.Warn("the servers' certificates are not checked; --ca-cert FILE and --domain NAME check them")
		}
	}
	client, err := fluvio.Connect(ctx, options...)
	if errors.Is(err, fluvio.ErrNoEndpoint) {
		return nil, fault.Inputf("%w; --endpoint HOST:PORT names a cluster", err)
	}
	return client, fault.EnvironmentError(err)
}

// WithAdmin connects and runs do.
func (c Cluster) WithAdmin(ctx context.Context, do func(*admin.Admin) error) error {
	return c.withClient(ctx, func(client *fluvio.Client) error { return do(admin.New(client)) })
}

// withClient connects and runs do.
func (c Cluster) withClient(ctx context.Context, do func(*fluvio.Client) error) error {
	client, err := c.Connect(ctx)
	if err != nil {
		return err
	}
	return errors.Join(classed(do(client)), fault.EnvironmentError(client.Close()))
}

// yours are errors that whoever gave the command can mend. A topic that is not there is none: it may be made any time, and is a
// problem of the environment everywhere, as for a pipeline's tables.
var yours = []error{
	admin.ErrInvalidName, admin.ErrInvalidConfig, admin.ErrTopicType, admin.ErrSystemTopic, admin.ErrMirrorType,
	admin.ErrTopicExists, admin.ErrSPUExists, admin.ErrSPUNotFound, admin.ErrSmartModuleNotFound,
	admin.ErrMirrorExists, admin.ErrMirrorNotFound, admin.ErrTableFormatExists, admin.ErrTableFormatNotFound,
	fluvio.ErrRecordTooLarge, fluvio.ErrCompression, fluvio.ErrOffsetOutOfRange, fluvio.ErrPartitionNotFound,
}

// refused tells whether a server refused a SmartModule or a deduplication, in the middle of a stream or of what is produced: their codes
// are those from 6000 and from 10000 on (fluvio-protocol/src/link/error_code.rs).
func refused(err error) bool {
	code := admin.Error{}.Code
	if !errors.As(err, &code) {
		return false
	}
	thousand := int(code.Tag) / 1000
	return thousand == 6 || thousand == 10
}

// classed tells bad input from a problem of the cluster, and says what to do next.
func classed(err error) error {
	if err == nil || fault.Of(err) != fault.Bug {
		return err // somebody who knew more has classed it
	}
	if errors.Is(err, fluvio.ErrTopicNotFound) {
		err = fmt.Errorf("%w; 'weir topic create' makes one", err)
	}
	if errors.Is(err, admin.ErrSmartModuleNotFound) {
		err = fmt.Errorf("%w; 'weir smartmodule create' makes one, 'weir smartmodule list' names those there are", err)
	}
	for _, mine := range yours {
		if errors.Is(err, mine) {
			return fault.InputError(err)
		}
	}
	if refused(err) {
		return fault.InputError(err)
	}
	return fault.EnvironmentError(err)
}

// absent says of what was to be deleted and is not there where to look; to others than those who delete, how to make it.
func absent(err error) error {
	switch {
	case errors.Is(err, fluvio.ErrTopicNotFound):
		return fault.Environmentf("%w; 'weir topic list' names those there are", err)
	case errors.Is(err, admin.ErrSmartModuleNotFound):
		return fault.Inputf("%w; 'weir smartmodule list' names those there are", err)
	}
	return err
}
