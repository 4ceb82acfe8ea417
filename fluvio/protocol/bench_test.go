package protocol

import "testing"

// BenchmarkDecodeStreamFetchResponse decodes a response with 1 MB of records.
func BenchmarkDecodeStreamFetchResponse(b *testing.B) {
	resp := StreamFetchResponse{Topic: "flights", StreamID: 1}
	resp.Partition.Records = make([]byte, 1<<20)
	body := resp.AppendTo(nil, 25)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		var got StreamFetchResponse
		if err := DecodeResponse(body, 25, &got); err != nil || len(got.Partition.Records) != 1<<20 {
			b.Fatal(err)
		}
	}
}

// BenchmarkAppendProduceRequest encodes a request with 1 MB of records.
func BenchmarkAppendProduceRequest(b *testing.B) {
	req := ProduceRequest{TimeoutMs: 1500, Topics: []ProduceTopic{{Name: "flights",
		Partitions: []ProducePartition{{Records: make([]byte, 1<<20)}}}}}
	var dst []byte
	b.SetBytes(1 << 20)
	b.ReportAllocs()
	for b.Loop() {
		dst = AppendRequest(dst[:0], RequestHeader{APIVersion: 25, ClientID: "weir"}, &req)
		if len(dst) < 1<<20 {
			b.Fatal("too short")
		}
	}
}
