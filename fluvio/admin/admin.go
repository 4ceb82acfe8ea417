// Package admin creates, lists and deletes what a Fluvio cluster manages: topics, their partitions, and the SPUs that hold them.
//
//	a := admin.New(client)
//	err := a.CreateTopic(ctx, "flights", admin.TopicConfig{Partitions: 3})
//	if errors.Is(err, admin.ErrTopicExists) { … }
//
// Names are exact here, unlike on the wire, where a filter is a part of a name.
package admin

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/fluvio/protocol"
)

// What callers can act on, with errors.Is. All but ErrTopicNotFound come as an *Error.
var (
	ErrTopicExists    = errors.New("topic exists already")
	ErrTopicNotFound  = fluvio.ErrTopicNotFound
	ErrInvalidName    = errors.New("invalid name")
	ErrInvalidConfig  = errors.New("invalid configuration")
	ErrNotProvisioned = errors.New("not provisioned") // the topic was created, but not all of its partitions are up
	ErrSystemTopic    = errors.New("system topic")
	ErrPermission     = errors.New("permission denied")
)

// sentinels are what codes mean (fluvio-sc/src/services/public_api/topic/{create,delete}.rs).
var sentinels = map[protocol.ErrorCodeTag]error{
	protocol.ErrorCodeTopicAlreadyExists:        ErrTopicExists,
	protocol.ErrorCodeTopicNotFound:             ErrTopicNotFound,
	protocol.ErrorCodeTopicInvalidName:          ErrInvalidName,
	protocol.ErrorCodeTopicInvalidConfiguration: ErrInvalidConfig,
	protocol.ErrorCodeTopicError:                ErrInvalidConfig,
	protocol.ErrorCodeTopicNotProvisioned:       ErrNotProvisioned,
	protocol.ErrorCodeSystemSpecDeletionAttempt: ErrSystemTopic,
	protocol.ErrorCodeSystemSpecUpdatingAttempt: ErrSystemTopic,
	protocol.ErrorCodePermissionDenied:          ErrPermission,
}

// Error is a request that the SC refused. errors.Is finds the sentinel that its code stands for, errors.As its code.
type Error struct {
	Op      string // what was to be done, for example "create topic"
	Name    string // of the object
	Code    protocol.ErrorCode
	Message string // the SC's own words, may be empty
}

// Error says what was refused and why.
func (e *Error) Error() string {
	if e.Message == "" {
		return fmt.Sprintf("%s '%s': %v", e.Op, e.Name, e.Code)
	}
	return fmt.Sprintf("%s '%s': %s (%v)", e.Op, e.Name, e.Message, e.Code.Tag)
}

// Unwrap is the code.
func (e *Error) Unwrap() error { return e.Code }

// Is tells whether the code stands for target.
func (e *Error) Is(target error) bool {
	sentinel, ok := sentinels[e.Code.Tag]
	return ok && target == sentinel
}

// Admin makes requests on the admin connection of its client. It is safe for concurrent use and needs no closing. Errors that are not
// refusals wrap fluvio.ErrUnavailable, fluvio.ErrAmbiguous, where something was to be changed and no answer came, or
// fluvio.ErrClosed.
type Admin struct {
	client *fluvio.Client
}

// New returns an Admin of a cluster. The client stays the caller's.
func New(c *fluvio.Client) *Admin { return &Admin{client: c} }

// change sends a request that is answered by a Status.
func (a *Admin) change(ctx context.Context, op, name string, req protocol.Request) error {
	var status protocol.Status
	if err := a.client.Controller(ctx, req, &status); err != nil {
		return fmt.Errorf("%s '%s': %w", op, name, err)
	}
	if status.ErrorCode.Tag == protocol.ErrorCodeNone {
		return nil
	}
	refusal := &Error{Op: op, Name: name, Code: status.ErrorCode}
	if status.ErrorMessage != nil {
		refusal.Message = *status.ErrorMessage
	}
	return refusal
}

// list asks for the objects of a kind, in order of their names.
func (a *Admin) list(ctx context.Context, req *protocol.ListRequest) ([]protocol.Metadata, error) {
	var resp protocol.ListResponse
	if err := a.client.Controller(ctx, req, &resp); err != nil {
		return nil, fmt.Errorf("list %s: %w", req.Kind, err)
	}
	if resp.Kind != req.Kind {
		return nil, fmt.Errorf("list %s: %w: answered with %s", req.Kind, protocol.ErrMalformed, resp.Kind)
	}
	slices.SortFunc(resp.Objects, func(a, b protocol.Metadata) int { return compareNames(a.Name, b.Name) })
	return resp.Objects, nil
}
