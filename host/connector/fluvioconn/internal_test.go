package fluvioconn

import (
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/fluvio/admin"
	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/internal/fault"
)

func TestATopicThatDeduplicatesCarriesNoSequences(t *testing.T) {
	if err := carries(&admin.Topic{Name: "t"}); err != nil {
		t.Error(err)
	}
	topic := admin.Topic{Name: "t", Config: admin.TopicConfig{Deduplication: &admin.Deduplication{Filter: "f"}}}
	if err := carries(&topic); fault.Of(err) != fault.Input {
		t.Errorf("%v, want an input error", err)
	}
}

func TestErrorsAreClassed(t *testing.T) {
	err := classed(&fluvio.OffsetOutOfRangeError{Topic: "t", Partition: 1, Offset: 2, Earliest: 3, Next: 4})
	var gone *connector.OutOfRangeError
	want := connector.OutOfRangeError{Topic: "t", Partition: 1, Offset: 2, Earliest: 3, End: 4}
	if !errors.As(err, &gone) || *gone != want || fault.Of(err) != fault.Input {
		t.Errorf("%v", err)
	}
	if err := classed(fluvio.ErrSequence); !errors.Is(err, connector.ErrSequence) || !errors.Is(err, fluvio.ErrSequence) || fault.Of(err) != fault.Input {
		t.Errorf("%v", err)
	}
	for _, err := range []error{
		fmt.Errorf("look: %w", fluvio.ErrFenced), &fluvio.ProduceError{Err: fluvio.ErrFenced}, &fluvio.ProduceError{Err: fluvio.ErrSequence},
	} {
		err = classed(err)
		if fault.Of(err) != fault.Environment || !errors.Is(err, connector.ErrSequence) || !errors.Is(err, fluvio.ErrSequence) {
			t.Errorf("%v", err)
		}
	}
	if err := classed(fluvio.ErrUnavailable); fault.Of(err) != fault.Environment || errors.Is(err, connector.ErrSequence) {
		t.Errorf("%v", err)
	}
}

func TestSeenWritersGoThereAndBack(t *testing.T) {
	given := []connector.SeenWriter{{Writer: 1, Next: 2}, {Writer: 3, Next: 4, Beyond: []connector.Span{{From: 5, To: 6}, {From: 8, To: 9}}}}
	if got := toSeen(fromSeen(given)); !reflect.DeepEqual(got, given) {
		t.Errorf("%v", got)
	}
	if toSeen(fromSeen(nil)) != nil {
		t.Error("something came of nothing")
	}
}
