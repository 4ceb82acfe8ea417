// Package admin creates, lists, watches and deletes what a Fluvio cluster manages: topics, their partitions, the SPUs that hold
// them, and SmartModules.
//
//	a := admin.New(client)
//	err := a.CreateTopic(ctx, "flights", admin.TopicConfig{Partitions: 3})
//	if errors.Is(err, admin.ErrTopicExists) { … }
//
// Names are exact here, unlike on the wire, where a filter is a part of a name. Every kind of object can be listed, Topics and so on,
// and watched, WatchTopics and so on: first everything there is, then every change, across lost connections.
//
// What the cluster refuses is an *Error. errors.Is tells what it means by the sentinels of this package, or by the cluster's own code,
// protocol.ErrorCodeTopicError for example.
package admin

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/fluvio/protocol"
)

// What callers can act on, with errors.Is. Those that are the cluster's answer come as an *Error.
var (
	ErrInvalidName   = errors.New("invalid name")
	ErrInvalidConfig = errors.New("invalid configuration")
	ErrPermission    = errors.New("permission denied")

	ErrTopicExists    = errors.New("topic exists already")
	ErrTopicNotFound  = fluvio.ErrTopicNotFound
	ErrNotProvisioned = errors.New("not provisioned") // the topic was created, but not all of its partitions are up
	ErrSystemTopic    = errors.New("system topic")    // it is not deleted, or changed, without force
	ErrTopicType      = errors.New("not possible for a topic of this type")

	ErrSPUExists   = errors.New("SPU exists already")
	ErrSPUNotFound = errors.New("SPU not found")

	ErrSmartModuleNotFound = errors.New("SmartModule not found")

	ErrMirrorExists   = errors.New("mirror exists already")
	ErrMirrorNotFound = errors.New("mirror not found")
	ErrMirrorType     = errors.New("not possible for a mirror of this type")

	ErrTableFormatExists   = errors.New("table format exists already")
	ErrTableFormatNotFound = errors.New("table format not found")
)

// sentinels are what codes mean (fluvio-sc/src/services/public_api).
var sentinels = map[protocol.ErrorCodeTag]error{
	protocol.ErrorCodePermissionDenied:     ErrPermission,
	protocol.ErrorCodeInvalidCreateRequest: ErrInvalidConfig,
	protocol.ErrorCodeInvalidDeleteRequest: ErrInvalidConfig,

	protocol.ErrorCodeTopicAlreadyExists:        ErrTopicExists,
	protocol.ErrorCodeTopicNotFound:             ErrTopicNotFound,
	protocol.ErrorCodeTopicInvalidName:          ErrInvalidName,
	protocol.ErrorCodeTopicInvalidConfiguration: ErrInvalidConfig,
	protocol.ErrorCodeTopicError:                ErrInvalidConfig,
	protocol.ErrorCodeTopicNotProvisioned:       ErrNotProvisioned,
	protocol.ErrorCodeTopicInvalidReplicaType:   ErrTopicType,
	protocol.ErrorCodeSystemSpecDeletionAttempt: ErrSystemTopic,
	protocol.ErrorCodeSystemSpecUpdatingAttempt: ErrSystemTopic,

	protocol.ErrorCodeDeduplicationSmartModuleNotLoaded:   ErrSmartModuleNotFound,
	protocol.ErrorCodeDeduplicationSmartModuleNameInvalid: ErrInvalidName,

	protocol.ErrorCodeSpuAlreadyExists: ErrSPUExists,
	protocol.ErrorCodeSpuNotFound:      ErrSPUNotFound,
	protocol.ErrorCodeSpuError:         ErrInvalidConfig,

	protocol.ErrorCodeSmartModuleNotFound:       ErrSmartModuleNotFound,
	protocol.ErrorCodeSmartModuleError:          ErrInvalidConfig,
	protocol.ErrorCodeSmartModuleInvalid:        ErrInvalidConfig,
	protocol.ErrorCodeSmartModuleInvalidExports: ErrInvalidConfig,

	protocol.ErrorCodeMirrorAlreadyExists:    ErrMirrorExists,
	protocol.ErrorCodeMirrorNotFound:         ErrMirrorNotFound,
	protocol.ErrorCodeMirrorInvalidType:      ErrMirrorType,
	protocol.ErrorCodeMirrorDeleteFromRemote: ErrMirrorType,

	protocol.ErrorCodeTableFormatAlreadyExists: ErrTableFormatExists,
	protocol.ErrorCodeTableFormatNotFound:      ErrTableFormatNotFound,
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
	return fmt.Sprintf("%s '%s': %s (fluvio error %d %s)", e.Op, e.Name, e.Message, int16(e.Code.Tag), e.Code.Tag.String())
}

// Unwrap is the code.
func (e *Error) Unwrap() error { return e.Code }

// Is tells whether the code stands for target.
func (e *Error) Is(target error) bool {
	sentinel, ok := sentinels[e.Code.Tag]
	return ok && target == sentinel
}

// Admin makes requests on the admin connection of its client. It is safe for concurrent use and needs no closing. Errors that are not
// refusals wrap fluvio.ErrUnavailable, fluvio.ErrAmbiguous, where something was to be changed and no answer came that can be read, or
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
