// Package schemaregistry is a client of a Confluent schema registry, and the header that such a registry's messages begin
// with.
//
//	byte   0      1  2  3  4                   5 …
//	       0x00   schema id, big endian        the message in the schema's format
//
// A schema that has an id, or a subject and a version, never changes, so a [Client] keeps what it has been told, within
// bounds, and remembers for a while which ids there are not. Requests are repeated while they fail for reasons that may
// pass; an error says by its class (internal/fault) whose problem it is: a registry that can't be reached is the
// environment's, refused credentials and unknown subjects are the user's. Neither errors nor logs hold credentials.
package schemaregistry

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/twmb/franz-go/pkg/sr"

	"github.com/weir-stream/weir/internal/fault"
)

// ErrNotFound is wrapped by the error about an id, subject or version that the registry does not know.
var ErrNotFound = errors.New("the registry does not know it")

// Type is the language of a schema.
type Type uint8

// The types.
const (
	Avro     = Type(sr.TypeAvro)
	JSON     = Type(sr.TypeJSON)
	Protobuf = Type(sr.TypeProtobuf)
)

// String is the type as the registry's API spells it, "AVRO".
func (t Type) String() string { return sr.SchemaType(t).String() }

// Schema is a schema as the registry holds it. What a Client returned is shared: do not change References.
type Schema struct {
	ID         int
	Version    int         // within Subject; 0 where the schema was found by its id
	Subject    string      // empty where the schema was found by its id
	Text       string      // as it was registered
	Type       Type        // of Text
	References []Reference // what Text refers to; for [Client.References]
}

// Reference is a schema that another one refers to.
type Reference struct {
	Name    string // what the text calls it: a .proto import, a JSON Schema URL, an Avro full name
	Subject string
	Version int
}

// Client asks one schema registry. It is safe for concurrent use, holds no connections between requests and need not be
// closed.
type Client struct {
	config  Config
	at      string // the registry, for messages
	secrets []Secret
	wire    *sr.Client
	cache   cache
	pace    pace // of ids that there are not
}

// New makes a client. It reads Config.CAFile and asks the registry nothing yet; its errors are about the configuration.
func New(c Config) (*Client, error) {
	u, err := c.check()
	if err != nil {
		return nil, err
	}
	transport, err := newTransport(c)
	if err != nil {
		return nil, err
	}
	return newClient(c, u, transport)
}

// ByID is the schema with this id. The error wraps ErrNotFound if there is none; it is remembered for 10 seconds. Once 500 ids
// turned out unknown it waits, so that no more than 100 a second do.
func (c *Client) ByID(ctx context.Context, id int) (Schema, error) {
	what := fmt.Sprintf("schema id %d", id)
	if id < 0 || id > math.MaxInt32 { // ids are positive Java ints: not a question that a registry need understand
		return Schema{}, c.fail(what, fault.InputError(ErrNotFound))
	}
	return c.cache.get(ctx, key{id: id}, func(ctx context.Context) (Schema, error) {
		var s sr.Schema
		if err := c.pace.wait(ctx); err != nil {
			return Schema{}, c.fail(what, err)
		}
		err := c.call(ctx, what, func(ctx context.Context) (err error) {
			s, err = c.wire.SchemaByID(ctx, id)
			return orEmpty(err, s.Schema == "")
		})
		if errors.Is(err, ErrNotFound) {
			c.pace.unknown()
		}
		return schema(sr.SubjectSchema{ID: id, Schema: s}), err
	})
}

// Version is a version of a subject, from 1 on. The error wraps ErrNotFound if there is none.
func (c *Client) Version(ctx context.Context, subject string, version int) (Schema, error) {
	if version < 1 || version > math.MaxInt32 {
		return Schema{}, c.fail(fmt.Sprintf("subject %q", subject), fault.Inputf("version %d: versions begin with 1", version))
	}
	return c.cache.get(ctx, key{subject: subject, version: version}, func(ctx context.Context) (Schema, error) {
		return c.version(ctx, subject, version)
	})
}

// Latest is the newest version of a subject, asked for each time. The error wraps ErrNotFound if there is none.
func (c *Client) Latest(ctx context.Context, subject string) (Schema, error) {
	const latest = -1
	return c.version(ctx, subject, latest)
}

func (c *Client) version(ctx context.Context, subject string, version int) (Schema, error) {
	what := fmt.Sprintf("subject %q, latest version", subject)
	if version > 0 {
		what = fmt.Sprintf("subject %q, version %d", subject, version)
	}
	if err := checkSubject(c.config.Prefix, subject); err != nil {
		return Schema{}, c.fail(what, err)
	}
	var s sr.SubjectSchema
	err := c.call(ctx, what, func(ctx context.Context) (err error) {
		s, err = c.wire.SchemaByVersion(ctx, subject, version)
		return orEmpty(err, s.Schema.Schema == "" || s.ID == 0)
	})
	return schema(s), err
}

// Register makes s a version of a subject, unless it is one already, and returns its id. Of s it uses Text, Type and
// References. A schema that the registry refuses, because it is not valid or not compatible with earlier versions, is the
// user's error.
func (c *Client) Register(ctx context.Context, subject string, s Schema) (id int, err error) {
	what := fmt.Sprintf("registering a schema for subject %q", subject)
	if err := checkSubject(c.config.Prefix, subject); err != nil {
		return 0, c.fail(what, err)
	}
	const byRegistry = -1 // who chooses id and version
	err = c.call(ctx, what, func(ctx context.Context) (err error) {
		id, err = c.wire.RegisterSchema(ctx, subject, s.wire(), byRegistry, byRegistry)
		return orEmpty(err, id == 0)
	})
	return id, err
}

// Find is the id under which s is a version of a subject. The error wraps ErrNotFound if it is none.
func (c *Client) Find(ctx context.Context, subject string, s Schema) (id int, err error) {
	what := fmt.Sprintf("looking for a schema in subject %q", subject)
	if err := checkSubject(c.config.Prefix, subject); err != nil {
		return 0, c.fail(what, err)
	}
	var found sr.SubjectSchema
	err = c.call(ctx, what, func(ctx context.Context) (err error) {
		found, err = c.wire.LookupSchema(ctx, subject, s.wire())
		return orEmpty(err, found.ID == 0)
	})
	return found.ID, err
}

// orEmpty is err, or an error about an answer that lacks what was asked for.
func orEmpty(err error, empty bool) error {
	if err == nil && empty {
		return errNoAnswer
	}
	return err
}

var errNoAnswer = errors.New("the answer holds nothing of what was asked for")

func schema(s sr.SubjectSchema) Schema {
	out := Schema{ID: s.ID, Version: s.Version, Subject: s.Subject, Text: s.Schema.Schema, Type: Type(s.Type)}
	for _, r := range s.References {
		out.References = append(out.References, Reference(r))
	}
	return out
}

func (s Schema) wire() sr.Schema {
	out := sr.Schema{Schema: s.Text, Type: sr.SchemaType(s.Type)}
	for _, r := range s.References {
		out.References = append(out.References, sr.SchemaReference(r))
	}
	return out
}

// size is about what a schema takes in memory, in bytes.
func (s Schema) size() int {
	const fixed = 256
	n := fixed + len(s.Subject) + len(s.Text)
	for _, r := range s.References {
		n += fixed + len(r.Name) + len(r.Subject)
	}
	return n
}

// forget is how long an id stays unknown.
const forget = 10 * time.Second
