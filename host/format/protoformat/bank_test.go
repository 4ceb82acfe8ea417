package protoformat

import (
	"encoding/binary"
	"os"
	"testing"

	"github.com/weir-stream/weir/host/format/formattest"
)

func TestBank(t *testing.T) {
	source, err := os.ReadFile("testdata/all.proto")
	if err != nil {
		t.Fatal(err)
	}
	m := messageOf(t, string(source), "All")
	columns, err := ToColumns(m)
	if err != nil {
		t.Fatal(err)
	}
	mapsAsMaps(m, columns)
	suite := formattest.Suite{
		Format: New(Config{Source: string(source), Message: "All"}), Fields: fieldsFor(columns), Good: allSeeds(t, m),
		Bad: [][]byte{{0x08}, {0x00}, {0x0c}, {0x72, 1, 0xff}, {0xc2, 1, 2, 0x0a, 1}, {0xa2, 1, 1, 0x80}},
	}
	formattest.Run(t, suite)
	suite.Good, suite.Encodes = suite.Good[1:], true // the members of a JSON document come back in another order
	formattest.Run(t, suite)
	delimited := suite
	delimited.Format, delimited.Rows, delimited.Encodes = New(Config{Source: string(source), Message: "All", Delimited: true}), len(suite.Good), false
	delimited.Good, delimited.Bad = [][]byte{inStream(suite.Good[0]), inStream(suite.Good[1:]...)}, [][]byte{inStream([]byte{0x08}), {5, 1}, {0x80}}
	formattest.Run(t, delimited)
}

// inStream puts messages behind each other, each behind its length.
func inStream(messages ...[]byte) (frame []byte) {
	for _, m := range messages {
		frame = append(binary.AppendUvarint(frame, uint64(len(m))), m...)
	}
	return frame
}
