package fluvio_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/fluvio/internal/wire"
	"github.com/weir-stream/weir/fluvio/protocol"
)

// recorded returns the requests with a key that an official client sent to an SPU, whole frames, from one of the recorded
// conversations.
func recorded(t *testing.T, conversation string, key uint16) (frames [][]byte) {
	t.Helper()
	file, err := os.Open(filepath.Join("protocol", "testdata", "conversations", conversation+".jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var line struct{ Server, Dir, Hex string }
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		frame, err := hex.DecodeString(line.Hex)
		if err != nil {
			t.Fatal(err)
		}
		if line.Server == "spu" && line.Dir == "request" && int(frame[4])<<8+int(frame[5]) == int(key) {
			frames = append(frames, frame)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	if len(frames) == 0 {
		t.Fatalf("no such request in %s", conversation)
	}
	return frames
}

// wantFrame expects a request to be what was recorded, but for the correlation id and the client's name.
func wantFrame(t *testing.T, want []byte, req protocol.Request) {
	t.Helper()
	h, _, err := protocol.DecodeRequest(protocol.SPU, want[wire.FrameHeader:])
	if err != nil {
		t.Fatal(err)
	}
	if got := protocol.AppendRequest(nil, h, req); !bytes.Equal(got, want) {
		t.Errorf("sent     %x\nrecorded %x", got, want)
	}
}

// asOfficial are options that make requests equal to those of the official command line.
func asOfficial(more ...fluvio.ConsumerOption) []fluvio.ConsumerOption {
	return append([]fluvio.ConsumerOption{fluvio.WithMaxBytes(1048890), fluvio.WithIsolation(fluvio.ReadUncommitted)}, more...)
}

// greetings is a fake with the topic of the recordings.
func greetings(t *testing.T) *fake {
	f := newFake(t, 1)
	f.setTopic("greetings", 1)
	f.set(protocol.KindPartition, protocol.Metadata{Name: "greetings-0", Spec: &protocol.PartitionSpec{Leader: 1}})
	return f
}

func TestSmartModulesAreInvokedAsOfficialClientsDo(t *testing.T) {
	for conversation, name := range map[string]string{"52-consume-bad-smartmodule": "tiny", "53-consume-missing-smartmodule": "nothere"} {
		want := recorded(t, conversation, protocol.KeyStreamFetch)[0]
		synctest.Test(t, func(t *testing.T) {
			f := greetings(t)
			f.spu = func(c *fakeConn, h protocol.RequestHeader, req protocol.Request) bool {
				if req, ok := req.(*protocol.StreamFetchRequest); ok {
					wantFrame(t, want, req)
					c.answer(h, &protocol.StreamFetchResponse{StreamID: 1, Partition: protocol.FetchPartitionResponse{
						ErrorCode: protocol.ErrorCode{Tag: protocol.ErrorCodeSmartModuleNotFound, Value: &protocol.ErrorText{Text: name}},
					}})
				}
				return true
			}
			c, _ := f.connect()
			consumer, err := c.Consumer(t.Context(), "greetings", 0, fluvio.At(0), asOfficial(fluvio.WithSmartModules(fluvio.SmartModule{Name: name}))...)
			if err != nil {
				t.Fatal(err)
			}
			defer consumer.Close()
			if _, err := consumer.Poll(t.Context()); !errors.Is(err, protocol.ErrorCodeSmartModuleNotFound) || !strings.Contains(err.Error(), name) {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestSmartModulesOnTheWire has bytes put together by hand from fluvio-spu-schema/src/server/smartmodule.rs.
func TestSmartModulesOnTheWire(t *testing.T) {
	chain := []fluvio.SmartModule{
		{
			Name: "a/sum@0.1.0", Params: map[string]string{"b": "2", "a": "1"}, Accumulator: []byte("acc"),
			Lookback: &fluvio.Lookback{Last: 7, Age: 90*time.Second + 5},
		},
		{Wasm: []byte("\x00asm"), Lookback: &fluvio.Lookback{Last: 1}},
		{Name: "label", Wasm: []byte("\x00asm"), Accumulator: []byte{}},
	}
	var got []protocol.SmartModuleInvocation
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, 1)
		f.spu = func(c *fakeConn, h protocol.RequestHeader, req protocol.Request) bool {
			got = req.(*protocol.StreamFetchRequest).SmartModules
			return true
		}
		c, _ := f.connect()
		newConsumer(t, c, 0, fluvio.At(0), fluvio.WithSmartModules(chain...))
		synctest.Wait()
	})
	if len(got) != len(chain) {
		t.Fatalf("%d invocations", len(got))
	}
	for i, want := range []string{
		"00 000b 612f73756d40302e312e30" + "07 01 00000003 616363" + "0002 0001 61 0001 31 0001 62 0001 32" +
			"01 0000000000000007 01 000000000000005a 00000005" + "01 000b 612f73756d40302e312e30",
		"01 GZIP" + "07 00" + "0000" + "01 0000000000000001 00" + "00",
		"01 GZIP" + "07 01 00000000" + "0000" + "00" + "01 0005 6c6162656c",
	} {
		if code, ok := got[i].Wasm.Value.(*protocol.SmartModuleCode); ok {
			r, err := gzip.NewReader(bytes.NewReader(code.Gzip))
			if err != nil {
				t.Fatal(err)
			}
			if program, err := io.ReadAll(r); err != nil || string(program) != "\x00asm" {
				t.Errorf("program %q, %v", program, err)
			}
			want = strings.ReplaceAll(want, "GZIP", hex.EncodeToString(wire.AppendU32(nil, uint32(len(code.Gzip))))+hex.EncodeToString(code.Gzip))
		}
		if sent := hex.EncodeToString(got[i].AppendTo(nil, 25)); sent != strings.ReplaceAll(want, " ", "") {
			t.Errorf("invocation %d\nsent %s\nwant %s", i, sent, want)
		}
	}
}

// spanning makes a batch claim so many offsets, in place.
func spanning(b []byte, offsets int32) {
	const atCRC, atAttributes, atLastOffsetDelta = 17, 21, 23
	binary.BigEndian.PutUint32(b[atLastOffsetDelta:], uint32(offsets-1))
	binary.BigEndian.PutUint32(b[atCRC:], crc32.Checksum(b[atAttributes:], crc32.MakeTable(crc32.Castagnoli)))
}

// TestFilteredRecordsAreNumberedAndNoneIsMissed plays what an SPU does with a filter, and what only some of them do: records that were
// left out, a batch with more records than offsets, a chunk in the middle of nothing.
func TestFilteredRecordsAreNumberedAndNoneIsMissed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, 1)
		type part struct {
			base   int64
			values []string
			resume int64
		}
		parts := map[int64]part{
			0:   {0, values(0, 3), 100},         // 97 of 100 are gone
			100: {250, values(3, 1500), 260},    // more records than offsets, behind a gap
			260: {260, nil, 300},                // nothing is left, and it says so
			300: {300, values(1500, 1501), 0},   // does not say what it has looked at
			301: {310, values(1501, 1502), 400}, // and then fails at a record
			302: {0, []string{"never"}, 0},
		}
		var credits []int64
		send := func(c *fakeConn, h protocol.RequestHeader, offset int64) {
			p, ok := parts[offset]
			if !ok {
				return
			}
			answer := protocol.FetchPartitionResponse{NextFilterOffset: p.resume, HighWatermark: 400}
			if len(p.values) > 0 {
				answer.Records = batchOf(t, p.base, p.values...)
				if p.resume > 0 {
					spanning(answer.Records, int32(p.resume-p.base))
				}
			}
			if offset == 301 {
				answer.ErrorCode = protocol.ErrorCodeSmartModuleError.Code()
			}
			c.answer(h, &protocol.StreamFetchResponse{Topic: "t", StreamID: 1, Partition: answer})
		}
		var mu sync.Mutex
		var stream protocol.RequestHeader
		f.spu = func(c *fakeConn, h protocol.RequestHeader, req protocol.Request) bool {
			mu.Lock()
			defer mu.Unlock()
			switch req := req.(type) {
			case *protocol.StreamFetchRequest:
				stream = h
				send(c, h, req.FetchOffset)
			case *protocol.UpdateOffsetsRequest:
				c.answer(h, &protocol.UpdateOffsetsResponse{Status: []protocol.OffsetUpdateStatus{{SessionID: 1}}})
				credits = append(credits, req.Offsets[0].Offset)
				send(c, stream, req.Offsets[0].Offset)
			}
			return true
		}
		c, _ := f.connect()
		consumer := newConsumer(t, c, 0, fluvio.At(0), fluvio.WithSmartModules(fluvio.SmartModule{Name: "filter"}))
		n := 0
		var err error
		for err == nil {
			var records []fluvio.Record
			records, err = consumer.Poll(t.Context())
			for _, r := range records {
				if string(r.Value) != string(value(n)) {
					t.Fatalf("%q where value %d was to come", r.Value, n)
				}
				n++
			}
			switch n {
			case 3:
				if consumer.Position() != 100 {
					t.Errorf("position %d", consumer.Position())
				}
			}
		}
		if n != 1502 || !errors.Is(err, protocol.ErrorCodeSmartModuleError) {
			t.Errorf("%d records, then %v", n, err)
		}
		if len(credits) != 4 || credits[0] != 100 || credits[1] != 260 || credits[2] != 300 || credits[3] != 301 {
			t.Errorf("credits %v", credits)
		}
	})
}

// TestAFilteredConsumerMayStartWithinABatch: an SPU filters whole batches, and numbers what is left from the beginning of the batch.
func TestAFilteredConsumerMayStartWithinABatch(t *testing.T) {
	for name, values := range map[string]func(t *testing.T, c *fluvio.Consumer) []string{
		"records": func(t *testing.T, c *fluvio.Consumer) (all []string) {
			records, err := c.Poll(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range records {
				all = append(all, string(r.Value))
			}
			return all
		},
		"batches": func(t *testing.T, c *fluvio.Consumer) []string {
			b, err := c.PollBatch(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			all, _ := valuesOf(t, b)
			return all
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t, 1)
				f.spu = func(c *fakeConn, h protocol.RequestHeader, req protocol.Request) bool {
					if _, ok := req.(*protocol.StreamFetchRequest); ok {
						left := batchOf(t, 0, "7", "8")
						spanning(left, 10)
						c.answer(h, &protocol.StreamFetchResponse{Topic: "t", StreamID: 1, Partition: protocol.FetchPartitionResponse{
							NextFilterOffset: 10, HighWatermark: 10, Records: left,
						}})
					}
					return true
				}
				c, _ := f.connect()
				consumer := newConsumer(t, c, 0, fluvio.At(5), fluvio.WithSmartModules(fluvio.SmartModule{Name: "filter"}))
				if got := values(t, consumer); !slices.Equal(got, []string{"7", "8"}) || consumer.Position() != 10 {
					t.Errorf("%q, position %d", got, consumer.Position())
				}
			})
		})
	}
}

func TestBadSmartModulesAreNamed(t *testing.T) {
	c := cluster(t, 1)
	long := strings.Repeat("x", protocol.MaxString+1)
	for says, chain := range map[string][]fluvio.SmartModule{
		"neither a name nor a program": {{Name: "ok"}, {}},
		"name of":                      {{Name: long}},
		"parameter":                    {{Name: "ok", Params: map[string]string{"k": long}}},
		"look-back":                    {{Name: "ok", Lookback: &fluvio.Lookback{Age: -1}}},
		"1001 SmartModules":            make([]fluvio.SmartModule, 1001),
	} {
		if _, err := c.Consumer(t.Context(), "t", 0, fluvio.At(0), fluvio.WithSmartModules(chain...)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %.200v", says, err)
		}
	}
}
