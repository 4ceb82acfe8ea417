package ipc

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
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
	f.Fuzz(func(t *testing.T, message []byte) { readAndTouch(t, schema, message) })
}

// FuzzMutatedBatch overwrites two places of a valid message, so that broken values are tried deep inside.
func FuzzMutatedBatch(f *testing.F) {
	schema := ipctest.EveryType()
	valid := encode(f, ipctest.Fill(schema, 20, memory.DefaultAllocator, ipctest.Counter()))
	f.Add(uint16(8), uint64(1), uint16(300), uint64(1<<63))
	f.Add(uint16(64), uint64(20), uint16(1200), uint64(0xffffffff))
	f.Fuzz(func(t *testing.T, at1 uint16, v1 uint64, at2 uint16, v2 uint64) {
		message := append([]byte{}, valid...)
		binary.LittleEndian.PutUint64(message[int(at1)%(len(message)-8):], v1)
		binary.LittleEndian.PutUint64(message[int(at2)%(len(message)-8):], v2)
		readAndTouch(t, schema, message)
	})
}

// FuzzMutatedNested overwrites places of a message of columns that a seed decides, which hold others five deep.
func FuzzMutatedNested(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(seed, []byte{byte(seed), 0, 1, 2, 150, 0, 3, byte(seed)})
	}
	f.Fuzz(func(t *testing.T, seed uint64, changes []byte) {
		batch := randomBatch(seed)
		message := encode(t, batch)
		for ; len(changes) >= 4; changes = changes[4:] {
			at, v := int(binary.LittleEndian.Uint16(changes)), telling[int(changes[3])%len(telling)]
			if changes[2]%2 == 0 {
				binary.LittleEndian.PutUint64(message[8*at%(len(message)-7):], v)
			} else {
				binary.LittleEndian.PutUint32(message[4*at%(len(message)-7):], uint32(v))
			}
		}
		readAndTouch(t, batch.Schema(), message)
	})
}

// telling are numbers that find mistakes.
var telling = []uint64{
	0, 1, 2, 3, 7, 8, 9, 63, 64, 255, 1 << 16, 1<<24 + 1, 1<<31 - 1, 1 << 31, 1<<32 - 1, 1 << 61, 1<<63 - 1, 1 << 63, 1<<64 - 8, 1<<64 - 1,
}

// randomBatch is a few columns of any type, that a seed decides.
func randomBatch(seed uint64) arrow.RecordBatch {
	random := rand.New(rand.NewPCG(seed, 0))
	fields := make([]arrow.Field, 1+random.IntN(3))
	for i := range fields {
		fields[i] = arrow.Field{Name: fmt.Sprint(i), Type: ipctest.Any(random.IntN(6), random.IntN), Nullable: random.IntN(2) == 0}
	}
	return ipctest.Fill(arrow.NewSchema(fields, nil), random.IntN(20), memory.DefaultAllocator, func() int { return random.IntN(1000) })
}

// Some thousand messages, the same in each run, are broken in a place each.
func TestMutatedNestedBatches(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	met := map[string]int{}
	for seed := range uint64(400) {
		batch := randomBatch(seed)
		valid := encode(t, batch)
		for range 10 {
			message := append([]byte{}, valid...)
			at := random.IntN(len(message)/8) * 8
			binary.LittleEndian.PutUint64(message[at:], telling[random.IntN(len(telling))])
			met[readAndTouch(t, batch.Schema(), message)]++
		}
	}
	for _, code := range []string{"", CodeFrame, CodeMetadata, CodeLayout, CodeLength, CodeBuffer, CodeOffsets, CodeValidity, CodeUTF8, CodeValue} {
		if met[code] == 0 {
			t.Errorf("%q was not met", code)
		}
	}
}

// readAndTouch reads a message and judges what is accepted; it returns the code of an error.
func readAndTouch(t *testing.T, schema *arrow.Schema, message []byte) string {
	mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
	defer mem.AssertSize(t, 0)
	got, err := decode(schema, message, mem)
	if err != nil {
		if codeOf(err) == "not an *Error" {
			t.Fatal(err)
		}
		return codeOf(err)
	}
	defer got.Release()
	touch(t, got)
	second, err := decode(schema, encode(t, got), mem)
	if err != nil {
		t.Fatalf("accepted, written and then refused: %v", err)
	}
	second.Release()
	return ""
}

// FuzzReadSchema reads arbitrary schemas; whatever is accepted must come back the same after writing it.
func FuzzReadSchema(f *testing.F) {
	f.Add(schemaMessage(f, ipctest.EveryType()))
	f.Add(arrowWrite(f, ipctest.Fill(ipctest.EveryType(), 0, memory.DefaultAllocator, ipctest.Counter()))[0])
	for seed := range uint64(10) {
		f.Add(schemaMessage(f, randomBatch(seed).Schema()))
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		schema, err := ReadSchema(message, testLimits)
		if err != nil {
			return
		}
		again, err := ReadSchema(schemaMessage(t, schema), testLimits)
		if err != nil || !again.Equal(schema) {
			t.Fatalf("%v came back as %v, %v", schema, again, err)
		}
		if n := Fields(schema); n > testLimits.Columns {
			t.Fatalf("%d fields", n)
		}
	})
}
