package record_test

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/weir-stream/weir/fluvio/protocol"
	"github.com/weir-stream/weir/fluvio/record"
)

// recordedSets calls each with every record set that official clients and servers
// have sent.
func recordedSets(t testing.TB, each func(path string, set []byte, produced bool)) {
	paths, err := filepath.Glob("../protocol/testdata/conversations/[2-6]*.jsonl")
	if err != nil || len(paths) == 0 {
		t.Fatal("no recordings", err)
	}
	fetches := map[int]int16{} // connection to the version of its stream fetch
	correlations := map[[2]int]bool{}
	for _, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(f)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var line struct {
				Conn        int
				Server, Dir string
				Hex         string
			}
			if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
				t.Fatal(err)
			}
			frame, err := hex.DecodeString(line.Hex)
			if err != nil {
				t.Fatal(err)
			}
			frame = frame[4:]
			if line.Server != "spu" {
				continue
			}
			if line.Dir == "request" {
				header, req, err := protocol.DecodeRequest(protocol.SPU, frame)
				if err != nil {
					t.Fatal(err)
				}
				switch req := req.(type) {
				case *protocol.ProduceRequest:
					for _, topic := range req.Topics {
						for _, p := range topic.Partitions {
							each(path, p.Records, true)
						}
					}
				case *protocol.StreamFetchRequest:
					fetches[line.Conn] = header.APIVersion
					correlations[[2]int{line.Conn, int(header.CorrelationID)}] = true
				}
				continue
			}
			if !correlations[[2]int{line.Conn, int(binary.BigEndian.Uint32(frame))}] {
				continue
			}
			var resp protocol.StreamFetchResponse
			if err := protocol.DecodeResponse(frame[4:], fetches[line.Conn], &resp); err != nil {
				t.Fatal(err)
			}
			each(path, resp.Partition.Records, false)
		}
		if err := lines.Err(); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
}

func TestRecordedBatchesAreReadWhole(t *testing.T) {
	codecs := map[record.Codec]int{}
	records, truncated := 0, 0
	var d record.Decompressor
	recordedSets(t, func(path string, set []byte, produced bool) {
		for len(set) > 0 {
			b, rest, err := record.Next(set)
			if err != nil {
				if produced || filepath.Base(path) != "36-consume-max-bytes-small.jsonl" {
					t.Fatalf("%s: %v", path, err)
				}
				truncated++ // the one recording with a limit below the sizes of batches
				return
			}
			set = rest
			if err := b.Verify(); err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			payload, err := d.Payload(b)
			if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			n := int64(0)
			for it := record.Walk(b, payload); ; n++ {
				if !it.Next() {
					if it.Err() != nil || int64(it.Count()) != n || b.RecordCount() != n {
						t.Fatalf("%s: %v; %d records, %d announced, header says %d", path, it.Err(), n, it.Count(), b.RecordCount())
					}
					break
				}
				if it.Timestamp < 1_700_000_000_000 || len(it.Value) == 0 {
					t.Fatalf("%s: %+v", path, it.Record)
				}
			}
			records += int(n)
			codecs[b.Codec()]++
		}
	})
	want := map[record.Codec]int{record.None: 72, record.Gzip: 6, record.Snappy: 6, record.LZ4: 6, record.Zstd: 18}
	if records != 615 || truncated != 1 || !maps.Equal(codecs, want) {
		t.Errorf("%d records in batches of %v, %d sets truncated", records, codecs, truncated)
	}
}

// TestRebuiltBatchesAreTheSame builds uncompressed batches anew from the records of
// official clients, which leaves nothing but the base offset to differ.
func TestRebuiltBatchesAreTheSame(t *testing.T) {
	n := 0
	recordedSets(t, func(path string, set []byte, produced bool) {
		for len(set) > 0 {
			b, rest, err := record.Next(set)
			if err != nil {
				return
			}
			set = rest
			if b.Codec() != record.None {
				continue
			}
			again, err := record.NewBuilder(record.None, len(b))
			if err != nil {
				t.Fatal(err)
			}
			it := record.Walk(b, b.Payload())
			for it.Next() {
				if err := again.Append(it.Timestamp, it.Key, it.Value); err != nil {
					t.Fatal(err)
				}
			}
			got, err := again.Finish()
			if err != nil {
				t.Fatal(err)
			}
			got.SetBaseOffset(b.BaseOffset())
			if string(got) != string(b) {
				t.Fatalf("%s:\n%x\nwant\n%x", path, got, b)
			}
			n++
		}
	})
	if n == 0 {
		t.Error("nothing to compare")
	}
}
