package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/fluvio/admin"
)

// bench is one run of the benchmarks: its processes, files and topics.
type bench struct {
	ctx         context.Context
	rounds      int
	weir        string
	official    string
	endpoint    string
	compression string
	profiles    string

	dir      string // everything is below it
	file     string // the records, one a line
	records  int
	broker   *exec.Cmd // nil at a cluster of somebody else's
	client   *fluvio.Client
	admin    *admin.Admin
	topics   int      // made so far
	produced checksum // of keys and values, once a topic was produced
}

const flights = "examples/data/flights.ndjson.zst"

func (b *bench) prepare() (err error) {
	if _, err := os.Stat(b.official); err != nil {
		return fmt.Errorf("%w; build it: CARGO_TARGET_DIR=build/peers cargo build --release --locked --manifest-path bench/peers/Cargo.toml", err)
	}
	if b.dir, err = os.MkdirTemp("", "weir-bench-"); err != nil {
		return err
	}
	if err := b.unpack(); err != nil {
		return errors.Join(err, os.RemoveAll(b.dir))
	}
	if b.endpoint == "" {
		err = b.startBroker()
	}
	if err == nil {
		b.client, err = fluvio.Connect(b.ctx, fluvio.WithEndpoint(b.endpoint))
	}
	if err != nil {
		b.cleanUp()
		return err
	}
	b.admin = admin.New(b.client)
	return nil
}

func (b *bench) cleanUp() {
	if b.client != nil {
		_ = b.client.Close()
	}
	if b.broker != nil {
		_ = b.broker.Process.Signal(syscall.SIGTERM)
		_ = b.broker.Wait()
	}
	_ = os.RemoveAll(b.dir)
}

// unpack writes the records to a plain file and counts them.
func (b *bench) unpack() error {
	packed, err := os.ReadFile(flights)
	if err != nil {
		return err
	}
	unpacked, err := zstd.NewReader(bytes.NewReader(packed))
	if err != nil {
		return err
	}
	defer unpacked.Close()
	text, err := io.ReadAll(unpacked)
	if err != nil {
		return err
	}
	b.file, b.records = filepath.Join(b.dir, "flights.ndjson"), bytes.Count(text, []byte("\n"))
	return os.WriteFile(b.file, text, 0o644)
}

func (b *bench) startBroker() error {
	b.broker = exec.CommandContext(b.ctx, b.weir, "broker", "--data", filepath.Join(b.dir, "broker"), "--sc", "127.0.0.1:0", "--spu", "127.0.0.1:0")
	b.broker.Stderr = os.Stderr
	out, err := b.broker.StdoutPipe()
	if err == nil {
		err = b.broker.Start()
	}
	if err != nil {
		b.broker = nil
		return err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return fmt.Errorf("the broker does not serve: %w", err)
	}
	_, err = fmt.Sscanf(line, "ready sc=%s", &b.endpoint)
	return err
}

// inTopic runs something with a topic that is there for it alone.
func (b *bench) inTopic(partitions uint32, use func(topic string) error) error {
	b.topics++
	topic := fmt.Sprintf("weir-bench-%d-%d", time.Now().UnixNano(), b.topics)
	if err := b.admin.CreateTopic(b.ctx, topic, admin.TopicConfig{Partitions: partitions}); err != nil {
		return err
	}
	err := use(topic)
	return errors.Join(err, b.admin.DeleteTopic(b.ctx, topic))
}
