package broker

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/weir-stream/weir/fluvio/broker/internal/commitlog"
	"github.com/weir-stream/weir/fluvio/protocol"
	"github.com/weir-stream/weir/fluvio/record"
	"github.com/weir-stream/weir/internal/filelock"
)

func TestTopicsAndRecordsSurviveARestart(t *testing.T) {
	for _, flush := range []Flush{FlushNone, FlushEach, FlushInterval} {
		for name, end := range map[string]func(testing.TB, *Broker){"closed": stop, "aborted": abort} {
			t.Run(fmt.Sprint(flush, name), func(t *testing.T) {
				cfg := Config{Dir: t.TempDir(), Flush: flush, FlushInterval: 1, SegmentBytes: 300}
				b := start(t, cfg)
				spec := topicSpec(2)
				seconds, segment, partition := uint32(3600), uint32(2048), uint64(1<<40)
				spec.CleanupPolicy = &protocol.CleanupPolicy{Tag: protocol.CleanupPolicySegment, Value: &protocol.SegmentPolicy{TimeInSeconds: seconds}}
				spec.Storage = &protocol.TopicStorageConfig{SegmentSize: &segment, MaxPartitionSize: &partition}
				spec.CompressionType = protocol.CompressionAlgorithmGzip
				create(t, b, "t", spec)
				list := func() string {
					return asJSON(call[*protocol.ListResponse](dial(t, b.SC()), &protocol.ListRequest{Kind: protocol.KindTopic}))
				}
				before := list()
				c := dial(t, b.SPU())
				var want []string
				for i := range 30 {
					v := strings.Repeat("v", 10*i)
					want = append(want, v)
					c.mustProduce("t", 1, batchOf(t, record.Gzip, v))
				}
				end(t, b)
				b = start(t, cfg)
				if after := list(); after != before {
					t.Errorf("topics before %s\nand after %s", before, after)
				}
				if got := dial(t, b.SPU()).from("t", 1, 0).values(30); strings.Join(got, ",") != strings.Join(want, ",") {
					t.Error("other records")
				}
				if base := dial(t, b.SPU()).mustProduce("t", 1, batchOf(t, record.Gzip, "next")); base != 30 {
					t.Errorf("next offset %d", base)
				}
			})
		}
	}
}

func TestDeletedTopicStaysDeleted(t *testing.T) {
	dir := t.TempDir()
	b := start(t, Config{Dir: dir})
	create(t, b, "t", topicSpec(1))
	dial(t, b.SPU()).mustProduce("t", 0, batchOf(t, record.None, "old"))
	remove(t, b, "t")
	if left, _ := os.ReadDir(filepath.Join(dir, topicsFolder)); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
	create(t, b, "t", topicSpec(1))
	c := dial(t, b.SPU())
	c.mustProduce("t", 0, batchOf(t, record.None, "new"))
	abort(t, b)
	b = start(t, Config{Dir: dir})
	if got := dial(t, b.SPU()).from("t", 0, 0).values(1); got[0] != "new" {
		t.Errorf("got %q", got)
	}
}

func TestInterruptedDeletionIsFinished(t *testing.T) {
	dir := t.TempDir()
	b := start(t, Config{Dir: dir})
	create(t, b, "t", topicSpec(1))
	dial(t, b.SPU()).mustProduce("t", 0, batchOf(t, record.None, "old"))
	folder := filepath.Join(dir, b.cluster.topic("t").record.folder())
	stop(t, b)
	c, err := readCatalog(dir)
	if err != nil {
		t.Fatal(err)
	}
	for i := range c.Topics {
		c.Topics[i].Deleted = c.Topics[i].Name == "t"
	}
	if err := c.write(Config{Dir: dir}.withDefaults()); err != nil {
		t.Fatal(err)
	}
	b = start(t, Config{Dir: dir})
	if _, err := os.Stat(folder); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder is still there: %v", err)
	}
	create(t, b, "t", topicSpec(1))
}

func TestInterruptedCreationIsUndone(t *testing.T) {
	dir := t.TempDir()
	b := start(t, Config{Dir: dir})
	stop(t, b)
	empty := filepath.Join(dir, topicsFolder, "t.0123", "0")
	foreign := filepath.Join(dir, topicsFolder, "notours")
	for _, d := range []string{empty, foreign} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(empty, "00000000000000000000.log"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(foreign, "data"), []byte("precious"), 0o644); err != nil {
		t.Fatal(err)
	}
	start(t, Config{Dir: dir})
	if _, err := os.Stat(filepath.Dir(empty)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the empty folder is still there: %v", err)
	}
	if _, err := os.Stat(filepath.Join(foreign, "data")); err != nil {
		t.Errorf("data of others: %v", err)
	}
}

// Before the first catalog is written there can be a system topic, and nothing else.
func TestKilledFirstStartIsForgotten(t *testing.T) {
	leave := func(topic string, contents []byte) string {
		dir := t.TempDir()
		partition := filepath.Join(dir, topicsFolder, topic, "0")
		if err := os.MkdirAll(partition, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(partition, "00000000000000000000.log"), contents, 0o644); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	dir := leave(consumerOffsetTopic+".0123", nil)
	b := start(t, Config{Dir: dir})
	if left, _ := os.ReadDir(filepath.Join(dir, topicsFolder)); len(left) != 1 || left[0].Name() == consumerOffsetTopic+".0123" {
		t.Errorf("left behind: %v", left)
	}
	probe(t, b)
	for _, dir := range []string{leave(consumerOffsetTopic+".0123", []byte("x")), leave("t.0123", nil)} {
		if _, err := Open(Config{Dir: dir, Logger: quiet()}); err == nil || !strings.Contains(err.Error(), catalogFile+" is missing") {
			t.Errorf("got %v", err)
		}
	}
}

func TestDataFolderInUseIsRefused(t *testing.T) {
	dir := t.TempDir()
	start(t, Config{Dir: dir})
	_, err := Open(Config{Dir: dir, Logger: quiet()})
	if !errors.Is(err, ErrLocked) || !errors.Is(err, filelock.ErrLocked) || !strings.Contains(err.Error(), dir) ||
		!strings.Contains(err.Error(), "stop the other broker") || !strings.Contains(err.Error(), strconv.Itoa(os.Getpid())) {
		t.Fatalf("got %v", err)
	}
}

func TestPortInUseIsRefused(t *testing.T) {
	b := start(t, Config{})
	dir := t.TempDir()
	if _, err := Open(Config{Dir: dir, SCAddr: b.SC(), Logger: quiet()}); err == nil || !strings.Contains(err.Error(), b.SC()) {
		t.Fatalf("got %v", err)
	}
	start(t, Config{Dir: dir}) // nothing was left locked
}

func TestDamagedFilesAreRefusedByName(t *testing.T) {
	for name, damage := range map[string]struct {
		do   func(dir, topic string) error
		want string
	}{
		"catalog is no JSON": {func(dir, _ string) error { return os.WriteFile(filepath.Join(dir, catalogFile), []byte("{"), 0o644) }, catalogFile},
		"catalog is missing": {func(dir, _ string) error { return os.Remove(filepath.Join(dir, catalogFile)) }, catalogFile},
		"catalog is of a later version": {func(dir, _ string) error {
			return os.WriteFile(filepath.Join(dir, catalogFile), []byte(`{"version":2}`), 0o644)
		}, "version 2"},
		"catalog leads elsewhere": {func(dir, _ string) error {
			return os.WriteFile(filepath.Join(dir, catalogFile), []byte(`{"version":1,"topics":[{"name":"t","id":"/../../x","partitions":1,"compression":"Any"}]}`), 0o644)
		}, catalogFile},
		"topic is missing":     {func(_, topic string) error { return os.RemoveAll(topic) }, "data of topic t is missing"},
		"partition is missing": {func(_, topic string) error { return os.RemoveAll(filepath.Join(topic, "0")) }, "partition t-0"},
		"consumers are no JSON": {func(_, topic string) error {
			return os.WriteFile(filepath.Join(topic, "0", consumersFile), []byte("{"), 0o644)
		}, consumersFile},
		"records are damaged in the middle": {func(_, topic string) error {
			path := filepath.Join(topic, "0", "00000000000000000000.log")
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			b[60] ^= 1
			return os.WriteFile(path, b, 0o644)
		}, "00000000000000000000.log is damaged at byte 0"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			b := start(t, Config{Dir: dir})
			create(t, b, "t", topicSpec(1))
			c := dial(t, b.SPU())
			c.mustProduce("t", 0, batchOf(t, record.None, "a"))
			c.mustProduce("t", 0, batchOf(t, record.None, "b"))
			folder := filepath.Join(dir, b.cluster.topic("t").record.folder())
			stop(t, b)
			if err := damage.do(dir, folder); err != nil {
				t.Fatal(err)
			}
			_, err := Open(Config{Dir: dir, Logger: quiet()})
			if err == nil || !strings.Contains(err.Error(), damage.want) {
				t.Fatalf("got %v, want %q", err, damage.want)
			}
			lock, err := filelock.Lock(filepath.Join(dir, "LOCK"))
			if err != nil {
				t.Fatalf("the folder stays locked: %v", err)
			}
			_ = lock.Unlock()
		})
	}
}

func TestDiskErrorsAreToldToTheProducer(t *testing.T) {
	b := start(t, Config{})
	create(t, b, "t", topicSpec(1))
	p := b.cluster.partition("t", 0)
	if err := p.log.Close(); err != nil {
		t.Fatal(err)
	}
	c := newConn(b, protocol.SPU, nopConn{})
	for want, err := range map[protocol.ErrorCodeTag]error{
		protocol.ErrorCodePartitionFull:           fmt.Errorf("append: %w", os.NewSyscallError("write", errNoSpace)),
		protocol.ErrorCodePartitionShortCircuited: fmt.Errorf("%w: sync", commitlog.ErrFailed),
		protocol.ErrorCodeStorageError:            os.ErrPermission,
		protocol.ErrorCodeNotLeaderForPartition:   commitlog.ErrClosed,
	} {
		if got := c.appendError(p, err); got.Tag != want {
			t.Errorf("%v: told %v, want %v", err, got.Tag, want)
		}
	}
}

func TestConfigIsChecked(t *testing.T) {
	for _, cfg := range []Config{
		{},
		{Dir: "x", Flush: 9},
		{Dir: "x", MaxInFlightBytes: 1000},
		{Dir: "x", Retention: -1},
		{Dir: "x", MaxConnections: -1},
	} {
		if _, err := Open(cfg); err == nil {
			t.Errorf("%+v was accepted", cfg)
		}
	}
}

func TestPublicAddress(t *testing.T) {
	for _, tc := range []struct{ sc, spu, public, want string }{
		{"127.0.0.1:0", "127.0.0.1:0", "", "127.0.0.1"},
		{"127.0.0.1:0", "0.0.0.0:0", "", "127.0.0.1"},
		{"0.0.0.0:0", "0.0.0.0:0", "", "localhost"},
		{"0.0.0.0:0", "0.0.0.0:0", "broker.test", "broker.test"},
	} {
		b := start(t, Config{SCAddr: tc.sc, SPUAddr: tc.spu, PublicHost: tc.public})
		if host, port, _ := strings.Cut(b.SPU(), ":"); host != tc.want || port == "0" {
			t.Errorf("%+v: SPU at %s", tc, b.SPU())
		}
	}
}

// TestKilledProcess kills a process with a broker in the middle of producing, again and again on one folder, and looks for every record that was
// acknowledged.
func TestKilledProcess(t *testing.T) {
	if dir := os.Getenv("BROKER_CHILD"); dir != "" {
		b, err := Open(Config{Dir: dir, Logger: quiet(), SegmentBytes: 4096})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println("ready", b.SC(), b.SPU())
		select {}
	}
	dir := t.TempDir()
	var acknowledged []string
	for round := range 3 {
		child := exec.Command(os.Args[0], "-test.run=^TestKilledProcess$")
		child.Env = append(os.Environ(), "BROKER_CHILD="+dir)
		child.Stderr = os.Stderr
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		var sc, spu string
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if _, err := fmt.Sscanf(lines.Text(), "ready %s %s", &sc, &spu); err == nil {
				break
			}
		}
		if round == 0 {
			s := call[*protocol.Status](dial(t, sc), &protocol.CreateRequest{Kind: protocol.KindTopic, Name: "t", Spec: topicSpec(1)})
			if err := s.ErrorCode.Err(); err != nil {
				t.Fatal(err)
			}
		}
		// Requests are written without waiting, so that the end comes in the middle of one.
		c := dial(t, spu)
		const requests = 300
		var all []byte
		for i := range requests {
			req := produceRequest("t", 0, batchOf(t, record.None, fmt.Sprint(round, "-", i)))
			all = protocol.AppendRequest(all, protocol.RequestHeader{APIVersion: 25, CorrelationID: int32(i), ClientID: "test"}, req)
		}
		go func() { _, _ = c.nc.Write(all) }()
		for i := range requests / 2 {
			resp := c.decode(&protocol.ProduceRequest{}, 25, c.receive(int32(i))).(*protocol.ProduceResponse)
			if p := resp.Responses[0].Partitions[0]; p.ErrorCode.Tag != 0 {
				t.Fatal(p.ErrorCode)
			}
			acknowledged = append(acknowledged, fmt.Sprint(round, "-", i))
		}
		if err := child.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = child.Wait()
	}
	b := start(t, Config{Dir: dir})
	_, end := b.cluster.partition("t", 0).log.Bounds()
	got := dial(t, b.SPU()).from("t", 0, 0).values(int(end))
	at := 0
	for _, want := range acknowledged {
		for at < len(got) && got[at] != want {
			at++ // written, and killed before it was acknowledged
		}
		if at == len(got) {
			t.Fatalf("%s was acknowledged and is lost, or out of order", want)
		}
	}
}

func TestCloseFinishesRequests(t *testing.T) {
	b := start(t, Config{})
	create(t, b, "t", topicSpec(1))
	c := dial(t, b.SPU())
	s := dial(t, b.SPU()).from("t", 0, 0)
	w := dial(t, b.SC())
	w.told(w.watchOf(protocol.KindTopic))
	c.mustProduce("t", 0, batchOf(t, record.None, "a"))
	s.chunk()
	stop(t, b)
	for _, c := range []*client{c, s.client, w} {
		c.closed()
	}
	if err := b.Close(context.Background()); err != nil {
		t.Errorf("second close: %v", err)
	}
	if b.SC() == "" || b.SPU() == "" {
		t.Error("addresses are gone")
	}
}

func TestCatalogIsReadable(t *testing.T) {
	dir := t.TempDir()
	b := start(t, Config{Dir: dir})
	create(t, b, "flights", topicSpec(3))
	got, err := os.ReadFile(filepath.Join(dir, catalogFile))
	if err != nil {
		t.Fatal(err)
	}
	id := b.cluster.topic("flights").record.ID
	system := b.cluster.topic(consumerOffsetTopic).record.ID
	got = bytes.ReplaceAll(bytes.ReplaceAll(got, []byte(id), []byte("ID2")), []byte(system), []byte("ID1"))
	want, err := os.ReadFile("testdata/topics.json")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("the format of %s has changed: raise catalogVersion, and read the old one\n%s", catalogFile, got)
	}
}

// A change of the topics that is answered with an error has not been made, after a restart either: not even if the file was in place when the error
// came.
func TestRefusedChangesOfTopicsAreNotMade(t *testing.T) {
	dir := t.TempDir()
	var fails atomic.Bool
	b := start(t, Config{Dir: dir, syncDir: func(dir string) error {
		if fails.Load() {
			return syscall.EMFILE
		}
		return commitlog.SyncDir(dir)
	}})
	create(t, b, "kept", topicSpec(1))
	dial(t, b.SPU()).mustProduce("kept", 0, batchOf(t, record.None, "x"))
	fails.Store(true)
	for _, req := range []protocol.Request{
		&protocol.CreateRequest{Kind: protocol.KindTopic, Name: "new", Spec: topicSpec(1)},
		&protocol.DeleteRequest{Kind: protocol.KindTopic, Object: protocol.ObjectKey{Name: "kept"}},
	} {
		if s := call[*protocol.Status](dial(t, b.SC()), req); s.ErrorCode.Tag == protocol.ErrorCodeNone {
			t.Errorf("%T succeeded", req)
		}
		dir2 := t.TempDir()
		if err := os.CopyFS(dir2, os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
		again, err := Open(Config{Dir: dir2, Logger: quiet()})
		if err != nil {
			t.Fatalf("after a refused %T: %v", req, err)
		}
		if got := dial(t, again.SPU()).from("kept", 0, 0).values(1); got[0] != "x" {
			t.Errorf("got %q", got)
		}
		stop(t, again)
	}
}
