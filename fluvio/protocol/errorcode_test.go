package protocol

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func TestErrorCodesAreErrors(t *testing.T) {
	name := "filter"
	for _, c := range []struct {
		code ErrorCode
		text string
	}{
		{ErrorCodeTopicNotFound.Code(), "there is no such topic (fluvio error 2001 TopicNotFound)"},
		{OtherError("no room"), "no room (fluvio error 2 Other)"},
		{ErrorCodeOther.Code(), "fluvio error 2 Other"},
		{ErrorCode{ErrorCodeRequestTimedOut, &ErrorTimeout{TimeoutMs: 1500}},
			"the records were not committed in time: Produce, after 1500 ms (fluvio error 7 RequestTimedOut)"},
		{ErrorCode{ErrorCodeOffsetEvicted, &ErrorOffsetEvicted{3, 10}},
			"the offset was removed by retention: offset 3, next available 10 (fluvio error 71 OffsetEvicted)"},
		{ErrorCode{ErrorCodePartitionFull, &ReplicaKey{"t", 2}}, "the partition has no room left: t-2 (fluvio error 72 PartitionFull)"},
		{ErrorCode{ErrorCodeSmartModuleInvalid, &ErrorSmartModuleInvalid{Error: "no exports", Name: &name}},
			"the SmartModule can't be loaded: filter: no exports (fluvio error 6002 SmartModuleInvalid)"},
		{ErrorCode{ErrorCodeSmartModuleInvalid, &ErrorSmartModuleInvalid{Error: "no exports"}},
			"the SmartModule can't be loaded: no exports (fluvio error 6002 SmartModuleInvalid)"},
		{ErrorCode{ErrorCodeSmartModuleInvalidExports, &ErrorSmartModuleExports{"two", "map"}},
			"the SmartModule does not export what its kind needs: map: two (fluvio error 6003 SmartModuleInvalidExports)"},
		{ErrorCode{ErrorCodeSmartModuleRuntimeError, &SmartModuleTransformRuntimeError{Hint: "not JSON", Offset: 7}},
			"the SmartModule failed at a record: Filter at offset 7: not JSON (fluvio error 6004 SmartModuleRuntimeError)"},
		{ErrorCode{ErrorCodeSmartModuleMemoryLimitExceeded, &ErrorMemoryLimit{2, 1}},
			"the SmartModule takes more memory than the SPU allows: 2 bytes requested, limit 1 (fluvio error 6008 SmartModuleMemoryLimitExceeded)"},
		{ErrorCode{ErrorCodeSystemSpecDeletionAttempt, &ErrorSystemSpec{"topic", "t"}},
			"the cluster needs this itself and deletes it by force only: topic t (fluvio error 12001 SystemSpecDeletionAttempt)"},
		{ErrorCode{Tag: 12345}, "fluvio error 12345 ErrorCodeTag(12345)"},
	} {
		err := c.code.Err()
		if err.Error() != c.text {
			t.Errorf("%q, want %q", err, c.text)
		}
		if !errors.Is(err, c.code.Tag) || errors.Is(err, ErrorCodeTableFormatError) {
			t.Errorf("%q: errors.Is does not go by the tag", err)
		}
	}
	if (ErrorCode{}).Err() != nil {
		t.Error("success is an error")
	}
}

// retriable is every code after which the same request is worth another try, written down once more on its own.
var retriable = map[ErrorCodeTag]bool{
	ErrorCodeNotLeaderForPartition: true, ErrorCodePartitionNotLeader: true, ErrorCodeRequestTimedOut: true, ErrorCodePartitionFull: true,
	ErrorCodeSpuOffline: true, ErrorCodeTopicPendingInitialization: true, ErrorCodeTopicNotProvisioned: true,
	ErrorCodePartitionPendingInitialization: true,
}

// TestEveryErrorCodeIsExplained fails when the generated table gains a code that nobody has thought about, and for a payload
// that prints as a struct.
func TestEveryErrorCodeIsExplained(t *testing.T) {
	generated := unionPayloads[reflect.TypeFor[ErrorCode]()]
	if len(generated) < 60 {
		t.Fatalf("%d generated codes", len(generated))
	}
	for number, payload := range generated {
		tag := ErrorCodeTag(number)
		meaning, ok := meanings[tag]
		if !ok || meaning.text == "" && tag != ErrorCodeOther {
			t.Errorf("%d %v has no meaning: say in words what it is, and whether it is retriable", number, tag)
		}
		if tag.Retriable() != retriable[tag] || tag.Code().Retriable() != retriable[tag] {
			t.Errorf("%d %v: retriable is %v", number, tag, tag.Retriable())
		}
		code := tag.Code()
		if payload != nil {
			code.Value = payload.(ErrorCodeValue)
		}
		text := code.Error()
		if strings.ContainsAny(text, "{}&") || !strings.HasSuffix(text, tag.numbered()+")") && tag != ErrorCodeOther {
			t.Errorf("%d: %s", number, text)
		}
		checkFound(t, code)
	}
	for tag := range meanings {
		if _, ok := generated[int64(tag)]; !ok {
			t.Errorf("%v is explained and does not exist", tag)
		}
	}
}

// checkFound looks for a code and its payload in a chain of errors.
func checkFound(t *testing.T, code ErrorCode) {
	t.Helper()
	err := fmt.Errorf("produce: %w", fmt.Errorf("partition 3: %w", error(code)))
	var found ErrorCode
	if !errors.Is(err, code.Tag) || !errors.As(err, &found) || found != code {
		t.Errorf("%v is not found in %q", code.Tag, err)
	}
	if payload, ok := Payload[ErrorCodeValue](err); payload != code.Value || ok != (code.Value != nil) {
		t.Errorf("%v: payload %v, %v", code.Tag, payload, ok)
	}
}

func TestPayloadsAreFoundByType(t *testing.T) {
	err := fmt.Errorf("read: %w", error(ErrorCode{ErrorCodeOffsetEvicted, &ErrorOffsetEvicted{3, 10}}))
	if evicted, ok := Payload[*ErrorOffsetEvicted](err); !ok || evicted.NextAvailable != 10 {
		t.Errorf("%v, %v", evicted, ok)
	}
	if text, ok := Payload[*ErrorText](err); ok || text != nil {
		t.Errorf("%v", text)
	}
	if _, ok := Payload[*ErrorText](errors.New("something else")); ok {
		t.Error("a payload in an error without a code")
	}
}
