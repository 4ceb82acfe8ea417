// Package connector says what a source and a sink of records are; connectors to something real are in its children.
//
// A connector's life, in order:
//
//  1. A [Registry] finds the [Connector] that a table's option names, and [RoleOption] reads whether the table is a source
//     or a sink.
//  2. Configure takes the connector's options out of the table's bag and checks them; nothing is opened. [CheckMetadata]
//     checks the table's metadata columns.
//  3. OpenSource or OpenSink of the [Config] connects.
//  4. Each partition that is read has a [Reader], each lane that writes has a [Writer].
//  5. Readers and writers are closed, then the [Source] or [Sink].
//
// Connections that break are made again inside the connector, with growing pauses, for as long as Env.RetryBudget allows;
// nothing is lost, repeated or reordered by it. So an error that comes out is final. It is classed: input where the
// configuration is at fault, environment where the peer is.
package connector

import (
	"context"
	"log/slog"
	"time"

	"github.com/weir-stream/weir/host/option"
)

// Role is what a table does with its topic.
type Role uint8

// The roles. Their names in SQL are 'source' and 'sink'.
const (
	RoleSource Role = iota + 1
	RoleSink
)

// String is the role's name in SQL.
func (r Role) String() string {
	switch r {
	case RoleSource:
		return "source"
	case RoleSink:
		return "sink"
	}
	return "no role"
}

// Connector knows how tables over one kind of system are configured. It holds no connection and is safe for concurrent
// use.
type Connector interface {
	// Name is the value of the option connector, lower case.
	Name() string
	// Roles lists what its tables can be.
	Roles() []Role
	// Metadata lists the metadata columns that its sources offer.
	Metadata() []Column
	// Describe says what it is and lists the options that Configure takes.
	Describe() Description
	// Configure takes the connector's own options out of the bag, and leaves those of the format, framing and the like.
	// role is one of Roles; the options connector and type have been taken. The error is the bag's or is classed as input.
	Configure(role Role, options *option.Bag) (Config, error)
}

// Column is a metadata column that a connector offers: METADATA FROM 'name', declared with one of its SQL types.
type Column struct {
	Name  string
	Types []string // as config.TypeName spells them: BIGINT, TIMESTAMP(3)
}

// Config is a table's checked configuration. It can be opened any number of times.
type Config interface {
	// Role tells which of OpenSource and OpenSink is for this table; the other one returns an error.
	Role() Role
	// OpenSource connects and finds the topic. A topic that is not there is an error of the environment, at once.
	OpenSource(ctx context.Context, env Env) (Source, error)
	// OpenSink connects and finds the topic, like OpenSource. A dead letter topic that is not there is made.
	OpenSink(ctx context.Context, env Env) (Sink, error)
	// DeadLetters configures a sink of the same system for dead letters: records whose keys and values are the caller's,
	// in the topic of that name, delivered as d says. The error says what a name must be: "want …".
	DeadLetters(topic string, d Delivery) (Config, error)
	// Delivery is a sink's option delivery; AtLeastOnce for a source.
	Delivery() Delivery
	// SkipLost tells of a source whether its pipeline is to go on with what is left where records it has not read are gone,
	// counting them, instead of stopping.
	SkipLost() bool
	// Place names the topic, and where it is, as env says: tables of one connector with equal places share a topic. One
	// topic may have several places, as where an address has several names.
	Place(env Env) string
	// Describe is the table for a plan or a log: one line without secrets, such as "fluvio source flights, from earliest".
	Describe() string
}

// Env is what a process lends to the tables it opens.
type Env struct {
	// Logger is where a connector talks; nil: nowhere.
	Logger *slog.Logger
	// Endpoint is where to connect, as --endpoint says. A table's own endpoint goes before it; empty: the system's default.
	Endpoint string
	// RetryBudget is how long a connector tries again after something fails, when it opens as in mid-stream. Zero: not at
	// all.
	RetryBudget time.Duration
	// Streams are those of the process; nil: they are not to be used.
	Streams *Streams
	// OnRetry, where set, hears of every failure that is tried again. It is called from any goroutine and must not block.
	OnRetry func(error)
}

// Message is one record.
type Message struct {
	Offset int64  // in its partition; ignored by a Writer
	Time   int64  // milliseconds since 1970; -1: none, where a Writer may take the time of writing
	Key    []byte // nil: none, which is not the same as an empty one
	Value  []byte
	// Bad says of what a Reader returns that no record could be made of what lies there, which is Value as far as it is kept: it goes
	// the way of bad data, and nothing else is read of it. nil, as a rule: it is a record.
	Bad *BadRecord
}

// BadRecord is why there is no record where there should be one.
type BadRecord struct {
	Code    string // stable and dotted, "line.base64"
	Message string // holds nothing of what lies there
}

// Error is the message with the code before it.
func (b *BadRecord) Error() string { return b.Code + ": " + b.Message }
