package ipc

import (
	"encoding/binary"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/weir-stream/weir/host/ipc/ipctest"
)

// FuzzReadBatch reads arbitrary messages; whatever is accepted must be readable to the last value.
func FuzzReadBatch(f *testing.F) {
	schema := ipctest.EveryType()
	for _, n := range []int{0, 1, 9} {
		batch := ipctest.Fill(schema, n, memory.DefaultAllocator, ipctest.Counter())
		f.Add(encode(f, batch))
		f.Add(arrowWrite(f, batch)[1])
	}
	f.Fuzz(func(t *testing.T, message []byte) { readAndTouch(t, message) })
}

// FuzzMutatedBatch overwrites two places of a valid message, so that broken values are tried deep inside.
func FuzzMutatedBatch(f *testing.F) {
	valid := encode(f, ipctest.Fill(ipctest.EveryType(), 20, memory.DefaultAllocator, ipctest.Counter()))
	f.Add(uint16(8), uint64(1), uint16(300), uint64(1<<63))
	f.Add(uint16(64), uint64(20), uint16(1200), uint64(0xffffffff))
	f.Fuzz(func(t *testing.T, at1 uint16, v1 uint64, at2 uint16, v2 uint64) {
		message := append([]byte{}, valid...)
		binary.LittleEndian.PutUint64(message[int(at1)%(len(message)-8):], v1)
		binary.LittleEndian.PutUint64(message[int(at2)%(len(message)-8):], v2)
		readAndTouch(t, message)
	})
}

func readAndTouch(t *testing.T, message []byte) {
	mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
	defer mem.AssertSize(t, 0)
	got, err := decode(ipctest.EveryType(), message, mem)
	if err != nil {
		if codeOf(err) == "not an *Error" {
			t.Fatal(err)
		}
		return
	}
	touch(t, got)
	again := encode(t, got)
	second, err := decode(ipctest.EveryType(), again, mem)
	if err != nil {
		t.Fatalf("accepted, written and then refused: %v", err)
	}
	second.Release()
	got.Release()
}

// FuzzReadSchema reads arbitrary schemas; whatever is accepted must come back the same after writing it.
func FuzzReadSchema(f *testing.F) {
	f.Add(schemaMessage(f, ipctest.EveryType()))
	f.Add(arrowWrite(f, ipctest.Fill(ipctest.EveryType(), 0, memory.DefaultAllocator, ipctest.Counter()))[0])
	f.Fuzz(func(t *testing.T, message []byte) {
		schema, err := ReadSchema(message, testLimits)
		if err != nil {
			return
		}
		again, err := ReadSchema(schemaMessage(t, schema), testLimits)
		if err != nil || !again.Equal(schema) {
			t.Fatalf("%v came back as %v, %v", schema, again, err)
		}
	})
}
