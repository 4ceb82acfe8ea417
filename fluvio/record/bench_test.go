package record

import (
	"math/rand/v2"
	"testing"
)

const benchRecords = 3000

// benchValue is 300 bytes that compress about as JSON does.
func benchValue() []byte {
	rng := rand.New(rand.NewPCG(1, 2))
	value := make([]byte, 300)
	for i := range value {
		value[i] = "\"{}:,0123456789abcdef"[rng.IntN(21)]
	}
	return value
}

func BenchmarkBuild(b *testing.B) {
	value, key := benchValue(), []byte("LGA-2013")
	for _, codec := range codecs {
		b.Run(codec.String(), func(b *testing.B) {
			builder, err := NewBuilder(codec, 1<<20)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			b.SetBytes(benchRecords * int64(len(value)))
			for b.Loop() {
				builder.Reset()
				for i := range benchRecords {
					ts := 1_700_000_000_000 + int64(i)
					if builder.Size()+builder.SizeOf(ts, key, value) > 1<<20 {
						b.Fatal("too large")
					}
					if err := builder.Append(ts, key, value); err != nil {
						b.Fatal(err)
					}
				}
				if batch, err := builder.Finish(); err != nil || batch.RecordCount() != benchRecords {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchRecords, "ns/record")
		})
	}
}

func BenchmarkWalk(b *testing.B) {
	value, key := benchValue(), []byte("LGA-2013")
	for _, codec := range codecs {
		b.Run(codec.String(), func(b *testing.B) {
			builder, err := NewBuilder(codec, 1<<20)
			if err != nil {
				b.Fatal(err)
			}
			for i := range benchRecords {
				if err := builder.Append(1_700_000_000_000+int64(i), key, value); err != nil {
					b.Fatal(err)
				}
			}
			batch, err := builder.Finish()
			if err != nil {
				b.Fatal(err)
			}
			var d Decompressor
			b.ReportAllocs()
			b.SetBytes(benchRecords * int64(len(value)))
			for b.Loop() {
				payload, err := d.Payload(batch)
				if err != nil {
					b.Fatal(err)
				}
				bytes := 0
				records := Walk(batch, payload)
				for records.Next() {
					bytes += len(records.Value)
				}
				if records.Err() != nil || bytes != benchRecords*len(value) {
					b.Fatal(records.Err(), bytes)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchRecords, "ns/record")
		})
	}
}

func BenchmarkVerify(b *testing.B) {
	builder, _ := NewBuilder(None, 1<<20)
	for range benchRecords {
		_ = builder.Append(1, nil, benchValue())
	}
	batch, err := builder.Finish()
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(batch)))
	b.ReportAllocs()
	for b.Loop() {
		if err := batch.Verify(); err != nil {
			b.Fatal(err)
		}
	}
}
