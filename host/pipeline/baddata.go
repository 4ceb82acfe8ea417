package pipeline

import (
	"fmt"

	"github.com/weir-stream/weir/host/deadletter"
	"github.com/weir-stream/weir/host/format"
)

// BadDataError is why a pipeline has stopped at a record that can't be decoded, as bad_data = 'fail' or a bound of
// bad_data has it.
type BadDataError struct {
	Table  string
	Letter deadletter.Letter // what the dead letter of the record would be

	Exceeded string // which bound the record exceeds, with bad_data other than 'fail'
}

// Error says where the record is, what is wrong with it and what to do about such records. It holds nothing of the record.
func (e *BadDataError) Error() string {
	l := &e.Letter
	bad := format.DataError{Code: l.Code, Path: l.Path, Message: l.Message}
	what := fmt.Sprintf("table %s: bad data at topic %s partition %d offset %d frame %d: %v; ", e.Table, l.Topic, l.Partition, l.Offset, l.Frame, &bad)
	if e.Exceeded != "" {
		return what + e.Exceeded + ": look at what comes in, or raise the bound"
	}
	return what + "set bad_data to 'drop' or 'dead_letter' to go on past such records"
}
