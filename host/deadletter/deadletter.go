// Package deadletter makes the records that rejected rows become.
//
// A dead letter's value is the row's original bytes as they were; its key is a JSON object that says where the row came
// from and why it was rejected:
//
//	{"topic":"flights","partition":0,"offset":17,"frame":0,"row":0,"code":"json.type","path":"dep_delay",
//	 "message":"…","module":"sha256:…","function":"late_flights","time":1385856000000}
//
// module and function are absent for a row that no module saw. A row of a stage behind one that gave no origin has
// "derived": true, what is read of its stage's input row as JSON for a value, and "offset" and "last_offset" for the range
// it came from.
package deadletter

import (
	"cmp"
	"encoding/json"
)

// Letter is one rejected row.
type Letter struct {
	Topic     string `json:"topic"`
	Partition uint32 `json:"partition"`
	// Offset of the record, and the index of the frame in it and of the row in the frame. Never a place in a batch, since
	// where batches are cut is nobody's business.
	Offset int64 `json:"offset"`
	Frame  int32 `json:"frame"`
	Row    int32 `json:"row"`
	// LastOffset ends the range of a derived row, inclusive.
	LastOffset int64 `json:"last_offset,omitempty"`
	Derived    bool  `json:"derived,omitempty"`
	// Code is stable and dotted, Path names the field, Message is for people: weir's own never echo the value, a module's are
	// its author's.
	Code    string `json:"code"`
	Path    string `json:"path,omitempty"`
	Message string `json:"message"`
	// Expected and Found are types, as a CREATE TABLE and the format name them: "BIGINT", "string"; "" where the reason is another one.
	Expected string `json:"expected,omitempty"`
	Found    string `json:"found,omitempty"`
	// Module is the hash of the module that rejected the row, Function the name it has in the configuration.
	Module   string `json:"module,omitempty"`
	Function string `json:"function,omitempty"`
	// Framing is what has to be around Value in a record of the source, as "json_array" or "length u32_be gzip"; "": nothing, Value is one.
	Framing string `json:"framing,omitempty"`
	// Time is the record's timestamp in milliseconds since 1970, -1 where it has none.
	Time int64 `json:"time"`

	// Value is the row's original bytes. Where those are part of a frame Whole makes the record of them that the letter carries.
	Value []byte                  `json:"-"`
	Whole func(row []byte) []byte `json:"-"`
}

// Bytes are what the letter carries. Where there is Whole they are made, and they may be many times longer than Value.
func (l *Letter) Bytes() []byte {
	if l.Whole != nil {
		return l.Whole(l.Value)
	}
	return l.Value
}

// Compare orders letters by where their rows came from: by offset, then frame.
func (l *Letter) Compare(other *Letter) int {
	return cmp.Or(cmp.Compare(l.Offset, other.Offset), cmp.Compare(l.Frame, other.Frame))
}

// Key is the letter's coordinates and reason as JSON.
func (l *Letter) Key() ([]byte, error) { return json.Marshal(l) }
