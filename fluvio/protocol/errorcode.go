package protocol

import "fmt"

// OtherError is ErrorCodeOther with a text: for what has no code of its own.
func OtherError(text string) ErrorCode {
	return ErrorCode{Tag: ErrorCodeOther, Value: &ErrorText{Text: text}}
}

// Code makes an ErrorCode of a tag without a payload.
func (v ErrorCodeTag) Code() ErrorCode { return ErrorCode{Tag: v} }

// Error is the name and number of the code. It makes tags the targets of
// errors.Is: errors.Is(err, protocol.ErrorCodeTopicNotFound).
func (v ErrorCodeTag) Error() string { return fmt.Sprintf("fluvio error %d %s", int16(v), v.String()) }

// Err is nil for ErrorCodeNone and else the code itself, as an error.
func (u ErrorCode) Err() error {
	if u.Tag == ErrorCodeNone {
		return nil
	}
	return u
}

// Error is the name and number of the code and what its payload says.
func (u ErrorCode) Error() string {
	if u.Value == nil {
		return u.Tag.Error()
	}
	return u.Tag.Error() + ": " + u.detail()
}

// Is tells whether target is the code's tag, for errors.Is.
func (u ErrorCode) Is(target error) bool { return target == error(u.Tag) }

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
// fresh look at the metadata, without anybody changing what it asks for.
func (u ErrorCode) Retriable() bool {
	switch u.Tag {
	case ErrorCodeNotLeaderForPartition, ErrorCodePartitionNotLeader, // the leader moved, or metadata is old
		ErrorCodeTopicPendingInitialization, ErrorCodeTopicNotProvisioned, // not there yet
		ErrorCodePartitionPendingInitialization, ErrorCodeSpuOffline,
		ErrorCodeRequestTimedOut,
		ErrorCodePartitionFull: // until retention makes room
		return true
	}
	return false
}
