package protocol

import (
	"errors"
	"fmt"
)

// OtherError is ErrorCodeOther with a text: for what has no code of its own.
func OtherError(text string) ErrorCode {
	return ErrorCode{Tag: ErrorCodeOther, Value: &ErrorText{Text: text}}
}

// Code makes an ErrorCode of a tag without a payload.
func (v ErrorCodeTag) Code() ErrorCode { return ErrorCode{Tag: v} }

// Error says in words what the code means, and its number and name. It makes tags
// the targets of errors.Is: errors.Is(err, protocol.ErrorCodeTopicNotFound).
func (v ErrorCodeTag) Error() string { return v.words("") }

// words is the meaning, the detail if there is one, and number and name.
func (v ErrorCodeTag) words(detail string) string {
	text := meanings[v].text
	switch {
	case text == "" && detail == "":
		return v.numbered()
	case text == "":
		return fmt.Sprintf("%s (%s)", detail, v.numbered())
	case detail == "":
		return fmt.Sprintf("%s (%s)", text, v.numbered())
	}
	return fmt.Sprintf("%s: %s (%s)", text, detail, v.numbered())
}

func (v ErrorCodeTag) numbered() string {
	return fmt.Sprintf("fluvio error %d %s", int16(v), v.String())
}

// Err is nil for ErrorCodeNone and else the code itself, as an error.
func (u ErrorCode) Err() error {
	if u.Tag == ErrorCodeNone {
		return nil
	}
	return u
}

// Error says in words what the code means, what its payload says, and its number
// and name.
func (u ErrorCode) Error() string {
	if u.Value == nil {
		return u.Tag.Error()
	}
	return u.Tag.words(u.detail())
}

// Is tells whether target is the code's tag, for errors.Is.
func (u ErrorCode) Is(target error) bool { return target == error(u.Tag) }

// Payload finds the payload of the ErrorCode that err is or wraps, if it has one of
// type T:
//
//	if evicted, ok := protocol.Payload[*protocol.ErrorOffsetEvicted](err); ok {
//		next = evicted.NextAvailable
//	}
//
// The code itself is found by errors.As; its Value is the same payload.
func Payload[T ErrorCodeValue](err error) (payload T, ok bool) {
	var code ErrorCode
	if !errors.As(err, &code) {
		return payload, false
	}
	payload, ok = code.Value.(T)
	return payload, ok
}

// detail is what the payload says.
func (u ErrorCode) detail() string {
	switch v := u.Value.(type) {
	case *ErrorText:
		return v.Text
	case *ErrorTimeout:
		return fmt.Sprintf("%v, after %d ms", v.Kind, v.TimeoutMs)
	case *ErrorOffsetEvicted:
		return fmt.Sprintf("offset %d, next available %d", v.Offset, v.NextAvailable)
	case *ReplicaKey:
		return fmt.Sprintf("%s-%d", v.Topic, v.Partition)
	case *ErrorSmartModuleInvalid:
		if v.Name != nil {
			return fmt.Sprintf("%s: %s", *v.Name, v.Error)
		}
		return v.Error
	case *ErrorSmartModuleExports:
		return fmt.Sprintf("%s: %s", v.Kind, v.Error)
	case *SmartModuleTransformRuntimeError:
		return fmt.Sprintf("%v at offset %d: %s", v.Kind, v.Offset, v.Hint)
	case *ErrorMemoryLimit:
		return fmt.Sprintf("%d bytes requested, limit %d", v.Requested, v.Max)
	case *ErrorSystemSpec:
		return fmt.Sprintf("%s %s", v.Kind, v.Name)
	}
	return fmt.Sprint(u.Value)
}

// Retriable tells whether the same request may succeed later, perhaps after a
// fresh look at the metadata, without anybody changing what it asks for. The table
// below says it of every code, and why. It says nothing about what has been done
// already: a write that timed out may be in the log.
func (u ErrorCode) Retriable() bool { return u.Tag.Retriable() }

// Retriable is that of an ErrorCode with the tag.
func (v ErrorCodeTag) Retriable() bool { return meanings[v].retriable }

const (
	retry = true  // the same request may succeed later
	final = false // somebody has to change something first
)

// meanings has a line for every code. A code that is not here, of a newer server,
// would not have been decoded; it is final.
var meanings = map[ErrorCodeTag]struct {
	text      string // what a person reads; empty where the payload says it all
	retriable bool
}{
	// Nobody knows what it is, so nobody knows that it passes.
	ErrorCodeUnknownServerError: {"the server failed without saying why; its log may", final},
	ErrorCodeNone:               {"success", final},
	ErrorCodeOther:              {"", final},

	ErrorCodeOffsetOutOfRange: {"the offset is outside of the partition's log", final},
	ErrorCodeOffsetEvicted:    {"the offset was removed by retention", final},
	ErrorCodeMessageTooLarge:  {"the batch is larger than the SPU takes", final},
	ErrorCodePermissionDenied: {"permission denied", final},
	ErrorCodeCompressionError: {"the batch is not compressed as the topic demands, or can't be decompressed", final},

	// The leader moved, or the metadata is old. A topic that does not exist is
	// told by the metadata, not by trying.
	ErrorCodeNotLeaderForPartition: {"the SPU does not lead the partition, or there is no such partition", retry},
	ErrorCodePartitionNotLeader:    {"the SPU does not lead the partition, or there is no such partition", retry},
	// Followers were slow. What was sent may be written.
	ErrorCodeRequestTimedOut: {"the records were not committed in time", retry},
	// Retention makes room.
	ErrorCodePartitionFull: {"the partition has no room left", retry},
	// The SPU's disk. After a failed write it refuses every further one until it
	// is restarted.
	ErrorCodeStorageError: {"the SPU can't use its storage; its log says why", final},
	ErrorCodePartitionShortCircuited: {
		"the partition takes no more records because an earlier write failed; the SPU's log says why, it has to be restarted", final,
	},

	ErrorCodeInvalidCreateRequest: {"the SC can't create such an object", final},
	ErrorCodeInvalidDeleteRequest: {"the SC can't delete such an object", final},

	ErrorCodeSpuError:               {"the SPU can't be changed so", final},
	ErrorCodeSpuRegisterationFailed: {"the SPU could not be registered", final},
	ErrorCodeSpuOffline:             {"the SPU is offline", retry}, // until it is back
	ErrorCodeSpuNotFound:            {"there is no such SPU", final},
	ErrorCodeSpuAlreadyExists:       {"an SPU of this name or id is registered already", final},

	ErrorCodeTopicError:                 {"the SC refuses the topic", final},
	ErrorCodeTopicNotFound:              {"there is no such topic", final},
	ErrorCodeTopicAlreadyExists:         {"a topic of this name exists already", final},
	ErrorCodeTopicPendingInitialization: {"the topic is being set up", retry},
	ErrorCodeTopicInvalidConfiguration:  {"the topic's configuration is invalid", final},
	ErrorCodeTopicNotProvisioned:        {"not all partitions of the topic are up", retry}, // SPUs may come
	ErrorCodeTopicInvalidName:           {"a topic can't have this name: 1 to 63 of a to z, 0 to 9 and '-', no '-' at either end", final},
	ErrorCodeTopicDeleted:               {"the topic was deleted", final},
	ErrorCodeTopicInvalidReplicaType:    {"not possible for a topic whose partitions are placed this way", final},

	ErrorCodePartitionPendingInitialization: {"the partition is being set up", retry},

	// The session ended with its connection: a new stream is needed, not the same
	// request again.
	ErrorCodeFetchSessionNotFoud:      {"the SPU does not know this stream", final},
	ErrorCodeOffsetFlushRequestError:  {"the consumer's offset was not stored", final},
	ErrorCodeOffsetManagementDisabled: {"the stream stores no offsets", final},
	ErrorCodeMaxRetryReached:          {"gave up after the last try", final},

	ErrorCodeManagedConnectorError:         {"the connector can't be managed so", final},
	ErrorCodeManagedConnectorNotFound:      {"there is no such connector", final},
	ErrorCodeManagedConnectorAlreadyExists: {"a connector of this name exists already", final},

	ErrorCodeSmartModuleError:               {"the SC refuses the SmartModule", final},
	ErrorCodeSmartModuleNotFound:            {"there is no such SmartModule", final},
	ErrorCodeSmartModuleInvalid:             {"the SmartModule can't be loaded", final},
	ErrorCodeSmartModuleInvalidExports:      {"the SmartModule does not export what its kind needs", final},
	ErrorCodeSmartModuleRuntimeError:        {"the SmartModule failed at a record", final},
	ErrorCodeSmartModuleChainInitError:      {"the SmartModules can't be started", final},
	ErrorCodeSmartModuleInitError:           {"the SmartModule refuses its parameters", final},
	ErrorCodeSmartModuleLookBackError:       {"the SmartModule failed while it looked back", final},
	ErrorCodeSmartModuleMemoryLimitExceeded: {"the SmartModule takes more memory than the SPU allows", final},

	ErrorCodeTableFormatError:         {"the SC refuses the table format", final},
	ErrorCodeTableFormatNotFound:      {"there is no such table format", final},
	ErrorCodeTableFormatAlreadyExists: {"a table format of this name exists already", final},

	ErrorCodeDerivedStreamObjectError:    {"the SC refuses the derived stream", final},
	ErrorCodeDerivedStreamNotFound:       {"there is no such derived stream", final},
	ErrorCodeDerivedStreamJoinFetchError: {"the stream to join with can't be read", final},
	ErrorCodeDerivedStreamInvalid:        {"the derived stream is invalid", final},

	ErrorCodeDeduplicationSmartModuleNotLoaded:   {"the SmartModule that is to find duplicates is not in the cluster", final},
	ErrorCodeDeduplicationSmartModuleNameInvalid: {"the SmartModule that is to find duplicates can't have this name", final},

	ErrorCodeMirrorNotFound:                    {"there is no such mirror", final},
	ErrorCodeMirrorAlreadyExists:               {"a mirror of this name exists already", final},
	ErrorCodeMirrorProduceFromHome:             {"the partition mirrors one of a remote cluster: produce there", final},
	ErrorCodeMirrorDeleteFromRemote:            {"the topic mirrors one of its home cluster: delete it there", final},
	ErrorCodeMirrorInvalidType:                 {"not possible for this kind of mirror", final},
	ErrorCodeMirrorProduceFromRemoteNotAllowed: {"the partition mirrors one of its home cluster: produce there", final},

	ErrorCodeSystemSpecDeletionAttempt: {"the cluster needs this itself and deletes it by force only", final},
	ErrorCodeSystemSpecUpdatingAttempt: {"the cluster needs this itself and does not change it", final},
}
