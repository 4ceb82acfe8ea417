// Package fluvioconn reads and writes Fluvio topics. [Connector.Describe] lists the options of its tables.
package fluvioconn

import (
	"context"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strings"
	"time"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/option"
	"github.com/weir-stream/weir/internal/fault"
)

// Connector is the connector named fluvio.
type Connector struct{}

var _ connector.Connector = Connector{}

// Name is fluvio.
func (Connector) Name() string { return "fluvio" }

// Roles are both.
func (Connector) Roles() []connector.Role {
	return []connector.Role{connector.RoleSource, connector.RoleSink}
}

// Metadata are a record's coordinates, time and key. timestamp is null where a record has none, key where it has none. frame
// counts the frames of the record from 0; blank lines are no frames (see framing), so it is no line number.
func (Connector) Metadata() []connector.Column {
	return []connector.Column{
		{Name: "offset", Types: []string{"BIGINT"}},
		{Name: "partition", Types: []string{"INT"}},
		{Name: "topic", Types: []string{"TEXT"}},
		{Name: "timestamp", Types: []string{"BIGINT", "TIMESTAMP", "TIMESTAMP(3)", "TIMESTAMP(6)", "TIMESTAMP(0)"}},
		{Name: "key", Types: []string{"TEXT"}},
		{Name: "frame", Types: []string{"INT"}},
	}
}

// maxRequest is the largest batch sent, in bytes: what brokers take. Every record that was read can be written again, as a
// dead letter too.
const maxRequest = 32<<20 - 4096

// Configure takes the options of Describe.
func (Connector) Configure(role connector.Role, options *option.Bag) (connector.Config, error) {
	c := &config{role: role}
	c.topic = options.Required("topic")
	c.endpoint = options.String("endpoint", "")
	c.profile = options.String("profile", "")
	if _, _, err := net.SplitHostPort(c.endpoint); c.endpoint != "" && err != nil {
		options.Reject("endpoint", "HOST:PORT")
	}
	if c.endpoint != "" && c.profile != "" {
		options.Reject("profile", "no profile beside an endpoint")
	}
	if role == connector.RoleSource {
		c.configureSource(options)
		return c, options.Err()
	}
	c.delivery = connector.DeliveryOption(options)
	c.linger = options.Duration("sink.linger", 0)
	c.batchSize = int(options.Size("sink.batch_size", 1<<20))
	if c.batchSize < 1 || c.batchSize > maxRequest {
		options.Reject("sink.batch_size", "a size from 1 byte to 31 MB")
	}
	if name := options.Enum("sink.compression", "", "none", "gzip", "snappy", "lz4", "zstd"); name != "" {
		compression, err := fluvio.ParseCompression(name)
		if err != nil {
			return nil, fault.InputError(err)
		}
		c.compression = &compression
	}
	return c, options.Err()
}

func (c *config) configureSource(options *option.Bag) {
	c.offset = options.Enum("source.offset", "latest", "earliest", "latest")
	if options.Enum("source.isolation", "read_committed", "read_committed", "read_uncommitted") == "read_uncommitted" {
		c.isolation = fluvio.ReadUncommitted
	}
	c.skipLost = options.Enum("source.lost", "fail", "fail", "skip") == "skip"
	c.dropStale = options.Bool("source.drop_stale", true)
	_, named := options.Peek("source.consumer")
	c.consumer = options.String("source.consumer", "")
	if named && (c.consumer == "" || len(c.consumer) > mostName) {
		options.Reject("source.consumer", "a consumer's name, of at most 1024 bytes")
	}
}

// mostName is the most bytes of a consumer's name: servers keep it for ever, with each partition.
const mostName = 1024

// config is a checked table.
type config struct {
	role                     connector.Role
	topic, endpoint, profile string

	offset    string // sources
	isolation fluvio.Isolation
	skipLost  bool
	dropStale bool
	consumer  string // whose stored offset follows the commits; "": nobody's

	delivery    connector.Delivery // sinks
	linger      time.Duration
	batchSize   int
	compression *fluvio.Compression
	create      bool // make the topic where it is not there
}

func (c *config) Role() connector.Role         { return c.role }
func (c *config) Delivery() connector.Delivery { return c.delivery }
func (c *config) SkipLost() bool               { return c.skipLost }

func (c *config) Describe() string {
	at := ""
	if c.endpoint != "" {
		at = " at " + c.endpoint
	}
	if c.role == connector.RoleSource {
		return fmt.Sprintf("fluvio source %s%s, from %s", c.topic, at, c.offset)
	}
	return fmt.Sprintf("fluvio sink %s%s, %s", c.topic, at, strings.ReplaceAll(c.delivery.String(), "_", " "))
}

// DeadLetters is a sink on the same cluster whose topic is made where it is not there. So its name must be one that Fluvio's
// SC makes topics with.
func (c *config) DeadLetters(topic string, d connector.Delivery) (connector.Config, error) {
	if !topicName.MatchString(topic) {
		return nil, fault.Inputf("want a topic's name of 1 to 63 of a to z, 0 to 9 and '-', with no '-' at either end")
	}
	return &config{
		role: connector.RoleSink, topic: topic, endpoint: c.endpoint, profile: c.profile,
		delivery: d, batchSize: 1 << 20, create: true,
	}, nil
}

var topicName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// Place is the cluster, as it is named, and the topic. A profile and the address that it stands for are two places.
func (c *config) Place(env connector.Env) string {
	switch endpoint, profile := c.cluster(env); {
	case endpoint != "":
		return fmt.Sprintf("topic %s of %s", c.topic, endpoint)
	case profile != "":
		return fmt.Sprintf("topic %s of profile %s", c.topic, profile)
	}
	return "topic " + c.topic
}

// cluster names the table's cluster: by endpoint, by profile or, with neither, as the active profile.
func (c *config) cluster(env connector.Env) (endpoint, profile string) {
	if c.endpoint == "" && c.profile == "" {
		return env.Endpoint, ""
	}
	return c.endpoint, c.profile
}

// connect connects to the table's cluster.
func (c *config) connect(ctx context.Context, env connector.Env) (*fluvio.Client, error) {
	options := []fluvio.Option{fluvio.WithRetryBudget(env.RetryBudget)}
	if env.Logger != nil {
		options = append(options, fluvio.WithLogger(env.Logger))
	}
	if env.OnRetry != nil {
		options = append(options, fluvio.WithRetryHook(env.OnRetry))
	}
	switch endpoint, profile := c.cluster(env); {
	case endpoint != "":
		options = append(options, fluvio.WithEndpoint(endpoint))
	case profile != "":
		options = append(options, fluvio.WithProfile(profile))
	}
	client, err := fluvio.Connect(ctx, options...)
	return client, classed(err)
}

// classed tells what the user can mend from what the cluster must. A sequence that a start finds broken in the log is the user's to mend; one that
// breaks while it is written means that another process is at work beside this one, or has taken over from it.
func classed(err error) error {
	if err == nil {
		return nil
	}
	var (
		gone    *fluvio.OffsetOutOfRangeError
		written *fluvio.ProduceError
	)
	switch {
	case errors.As(err, &gone):
		return fault.InputError(&connector.OutOfRangeError{
			Topic: gone.Topic, Partition: gone.Partition, Offset: gone.Offset, Earliest: gone.Earliest, End: gone.Next,
		})
	case errors.Is(err, fluvio.ErrFenced), errors.Is(err, fluvio.ErrSequence) && errors.As(err, &written):
		return fault.EnvironmentError(&sequenceError{err})
	case errors.Is(err, fluvio.ErrSequence):
		return fault.InputError(&sequenceError{err})
	case errors.Is(err, fluvio.ErrNoEndpoint), errors.Is(err, fluvio.ErrCompression), errors.Is(err, fluvio.ErrOffsetOutOfRange):
		return fault.InputError(err)
	case errors.Is(err, fluvio.ErrTopicNotFound):
		err = fmt.Errorf("%w; 'weir topic create' makes one", err)
	}
	return fault.EnvironmentError(err)
}

// sequenceError is connector.ErrSequence, in the client's words.
type sequenceError struct{ error }

func (e *sequenceError) Unwrap() error        { return e.error }
func (e *sequenceError) Is(target error) bool { return target == connector.ErrSequence }
