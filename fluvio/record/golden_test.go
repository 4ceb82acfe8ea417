package record

import (
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write what was read into testdata/batches.txt")

// describe reads a record set and says what it holds.
func describe(set []byte) string {
	var b strings.Builder
	var d Decompressor
	for len(set) > 0 {
		batch, rest, err := Next(set)
		if err != nil {
			fmt.Fprintf(&b, "next: %v\n", err)
			break
		}
		set = rest
		fmt.Fprintf(&b, "batch of %d bytes: base %d, delta %d, attributes %#x, crc %08x, first %d, max %d, producer %d/%d/%d, epoch %d\n",
			len(batch), batch.BaseOffset(), batch.LastOffsetDelta(), batch.Attributes(), batch.CRC(), batch.FirstTimestamp(),
			batch.MaxTimestamp(), batch.ProducerID(), batch.ProducerEpoch(), batch.FirstSequence(), batch.LeaderEpoch())
		if id, ok := batch.SchemaID(); ok {
			fmt.Fprintf(&b, "schema %d\n", id)
		}
		if err := batch.Verify(); err != nil {
			fmt.Fprintf(&b, "verify: %v\n", err)
		}
		payload, err := d.Payload(batch)
		if err != nil {
			fmt.Fprintf(&b, "payload: %v\n", err)
			continue
		}
		records := Walk(batch, payload)
		fmt.Fprintf(&b, "%d records announced\n", records.Count())
		for records.Next() {
			key := "no key"
			if records.Key != nil {
				key = fmt.Sprintf("key %q", records.Key)
			}
			fmt.Fprintf(&b, "%d at %d: %s, value %q\n", records.Offset, records.Timestamp, key, records.Value)
		}
		if err := records.Err(); err != nil {
			fmt.Fprintf(&b, "records: %v\n", err)
		}
	}
	return strings.TrimSpace(b.String())
}

// TestGoldenBatches pins what batches with given bytes hold.
func TestGoldenBatches(t *testing.T) {
	const path = "testdata/batches.txt"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	sections := strings.Split(strings.TrimSpace(string(text)), "\n\n")
	out := sections[:1]
	for _, section := range sections[1:] {
		head, want, ok := strings.Cut(section, "\n----")
		if !ok {
			t.Fatalf("no ---- in\n%s", section)
		}
		title, hexText, _ := strings.Cut(head, "\n")
		t.Run(title, func(t *testing.T) {
			var digits strings.Builder
			for line := range strings.Lines(hexText) {
				line, _, _ = strings.Cut(line, "#")
				digits.WriteString(strings.Join(strings.Fields(line), ""))
			}
			set, err := hex.DecodeString(digits.String())
			if err != nil {
				t.Fatal(err)
			}
			got := describe(set)
			if *update {
				want = got
			}
			if want = strings.TrimSpace(want); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
		out = append(out, head+"\n----\n"+strings.TrimSpace(want))
	}
	if *update {
		if err := os.WriteFile(path, []byte(strings.Join(out, "\n\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
