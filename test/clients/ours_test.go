//go:build clients

package clients

import (
	"bytes"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/fluvio/admin"
)

func connect(t *testing.T, b *broker, opts ...fluvio.Option) *fluvio.Client {
	t.Helper()
	client, err := fluvio.Connect(t.Context(), append(opts, fluvio.WithEndpoint(b.sc))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func (s *session) admin() *admin.Admin { return admin.New(s.ours) }

// topic creates one with our client.
func (s *session) topic(t *testing.T, name string, config admin.TopicConfig) {
	t.Helper()
	if err := s.admin().CreateTopic(t.Context(), name, config); err != nil {
		t.Fatal(err)
	}
}

// send produces records to a partition with our client, in order.
func (s *session) send(t *testing.T, topic string, partition uint32, records []fluvio.Record, opts ...fluvio.ProducerOption) {
	t.Helper()
	producer, err := s.ours.Producer(t.Context(), topic, opts...)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if err := producer.ProduceTo(t.Context(), partition, r); err != nil {
			t.Fatal(err)
		}
	}
	if err := producer.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// read returns what a partition holds, with our client.
func (s *session) read(t *testing.T, topic string, partition uint32) (records []fluvio.Record) {
	t.Helper()
	consumer := s.whole(t, topic, partition)
	for {
		some, err := consumer.Poll(t.Context())
		if errors.Is(err, io.EOF) {
			return records
		}
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, some...)
	}
}

// codecs counts the batches of a partition by their compression.
func (s *session) codecs(t *testing.T, topic string, partition uint32) map[fluvio.Compression]int {
	t.Helper()
	consumer, codecs := s.whole(t, topic, partition), map[fluvio.Compression]int{}
	for {
		batch, err := consumer.PollBatch(t.Context())
		if errors.Is(err, io.EOF) {
			return codecs
		}
		if err != nil {
			t.Fatal(err)
		}
		codecs[batch.Codec()]++
	}
}

// whole reads a partition from its beginning to its end.
func (s *session) whole(t *testing.T, topic string, partition uint32) *fluvio.Consumer {
	t.Helper()
	offsets, err := s.ours.Offsets(t.Context(), topic, partition)
	if err != nil {
		t.Fatal(err)
	}
	consumer, err := s.ours.Consumer(t.Context(), topic, partition, fluvio.Beginning(), fluvio.WithUntil(offsets.Next))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = consumer.Close() })
	return consumer
}

// weirDo runs a command of weir and returns what it prints.
func weirDo(t *testing.T, s *session, in string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), weir, append(args, "--endpoint", s.broker.sc)...)
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(in), &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("weir %s: %v\n%s", strings.Join(args, " "), err, errs.String())
	}
	return out.String()
}
