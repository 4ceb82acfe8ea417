package fluvioconn_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/fluvio/admin"
	"github.com/weir-stream/weir/fluvio/broker"
	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/connector/connectortest"
	"github.com/weir-stream/weir/host/connector/fluvioconn"
	"github.com/weir-stream/weir/host/option"
	"github.com/weir-stream/weir/internal/fault"
)

// brokerFolder tells this binary to be a broker and nothing else: one in a process of its own can be stopped for a while.
const brokerFolder = "FLUVIOCONN_TEST_BROKER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(brokerFolder); dir != "" {
		if err := serve(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// serve runs a broker until standard input ends. It remembers one writer of a partition, as the bank wants it.
func serve(dir string) error {
	b, err := broker.Open(broker.Config{Dir: dir, SCAddr: "127.0.0.1:0", SPUAddr: "127.0.0.1:0", MaxWriters: 1})
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(os.Stdout, b.SC()); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return err
	}
	return b.Close(context.Background())
}

// startBroker starts a broker in a process of its own and returns it with its SC's address.
func startBroker(t *testing.T) (*os.Process, string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env, cmd.Stderr = append(os.Environ(), brokerFolder+"="+t.TempDir()), os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close() // ends it
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return cmd.Process, strings.TrimSpace(line)
}

// options makes a bag of text options.
func options(t *testing.T, pairs ...string) *option.Bag {
	t.Helper()
	bag := option.New(option.Pos{})
	for i := 0; i < len(pairs); i += 2 {
		if err := bag.Set(pairs[i], option.Pos{}, option.Value{Text: pairs[i+1], Quoted: true}); err != nil {
			t.Fatal(err)
		}
	}
	return bag
}

func configure(t *testing.T, role connector.Role, pairs ...string) connector.Config {
	t.Helper()
	c, err := fluvioconn.Connector{}.Configure(role, options(t, pairs...))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestBank(t *testing.T) {
	process, sc := startBroker(t)
	client, err := fluvio.Connect(t.Context(), fluvio.WithEndpoint(sc))
	if err != nil {
		t.Fatal(err)
	}
	topics := 0
	makeTopic := func(partitions int) (*connectortest.Topic, error) {
		topics++
		name := fmt.Sprintf("t%d", topics)
		err := admin.New(client).CreateTopic(t.Context(), name, admin.TopicConfig{Partitions: uint32(partitions)})
		return &connectortest.Topic{
			Earliest:    configure(t, connector.RoleSource, "topic", name, "source.offset", "earliest"),
			Latest:      configure(t, connector.RoleSource, "topic", name),
			Uncommitted: configure(t, connector.RoleSource, "topic", name, "source.offset", "earliest", "source.isolation", "read_uncommitted"),
			Sink:        configure(t, connector.RoleSink, "topic", name),
			Grow: func(n int) error {
				return admin.New(client).AddPartitions(t.Context(), name, uint32(n-partitions))
			},
			Stall: func() func() {
				_ = process.Signal(syscall.SIGSTOP)
				// Its threads stop one after the other; the parent hears when all have.
				var status syscall.WaitStatus
				if _, err := syscall.Wait4(process.Pid, &status, syscall.WUNTRACED, nil); err != nil || !status.Stopped() {
					t.Errorf("the broker does not stop: %v", err)
				}
				return func() { _ = process.Signal(syscall.SIGCONT) }
			},
		}, err
	}
	connectortest.Run(t, connectortest.Harness{
		Topic: makeTopic, Env: connector.Env{Endpoint: sc, RetryBudget: 20 * time.Second}, Keys: true, Times: true, Sequences: true,
	})
	if err := client.Close(); err != nil {
		t.Error(err)
	}
}

func TestOptions(t *testing.T) {
	for name, tc := range map[string]struct {
		role connector.Role
		bag  []string
		want string
	}{
		"no topic":           {connector.RoleSource, nil, "topic"},
		"bad offset":         {connector.RoleSource, []string{"topic", "t", "source.offset", "middle"}, "source.offset"},
		"offset of a sink":   {connector.RoleSink, []string{"topic", "t", "source.offset", "latest"}, "source.offset"},
		"no delivery":        {connector.RoleSink, []string{"topic", "t", "delivery", "twice"}, "delivery"},
		"delivery, a source": {connector.RoleSource, []string{"topic", "t", "delivery", "exactly_once"}, "delivery"},
		"bad isolation":      {connector.RoleSource, []string{"topic", "t", "source.isolation", "serializable"}, "source.isolation"},
		"bad loss":           {connector.RoleSource, []string{"topic", "t", "source.lost", "ignore"}, "source.lost"},
		"consumer, no name":  {connector.RoleSource, []string{"topic", "t", "source.consumer", ""}, "source.consumer"},
		"drop, no bool":      {connector.RoleSource, []string{"topic", "t", "source.drop_stale", "sometimes"}, "source.drop_stale"},
		"no compression":     {connector.RoleSink, []string{"topic", "t", "sink.compression", "zip"}, "sink.compression"},
		"endpoint + profile": {connector.RoleSource, []string{"topic", "t", "endpoint", "a:1", "profile", "p"}, "profile"},
		"huge batch":         {connector.RoleSink, []string{"topic", "t", "sink.batch_size", "1GB"}, "sink.batch_size"},
	} {
		bag := options(t, tc.bag...)
		_, err := fluvioconn.Connector{}.Configure(tc.role, bag)
		if err == nil {
			err = bag.Done()
		}
		if err == nil || !strings.Contains(err.Error(), tc.want) || fault.Of(err) != fault.Input {
			t.Errorf("%s: %v, want an input error about %s", name, err, tc.want)
		}
	}
}

func TestDeadLetterTopicIsMadeAndOthersAreNot(t *testing.T) {
	_, sc := startBroker(t)
	env := connector.Env{Endpoint: sc}
	table := configure(t, connector.RoleSource, "topic", "none")
	if _, err := table.OpenSource(t.Context(), env); fault.Of(err) != fault.Environment {
		t.Errorf("a topic that is not there: %v", err)
	}
	for _, name := range []string{"bx_dl", "", "Dead", "-dead", "dead-", strings.Repeat("d", 64)} {
		if _, err := table.DeadLetters(name, connector.AtLeastOnce); fault.Of(err) != fault.Input {
			t.Errorf("dead letters in %q: %v, want an input error: no such topic can be made", name, err)
		}
	}
	dead, err := table.DeadLetters("dead", connector.AtLeastOnce)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time it is there
		sink, err := dead.OpenSink(t.Context(), env)
		if err != nil {
			t.Fatal(err)
		}
		if sink.Partitions() != 1 {
			t.Errorf("%d partitions", sink.Partitions())
		}
		if err := sink.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestDeliveryIsWhatTheOptionSays(t *testing.T) {
	for _, tc := range []struct {
		bag      []string
		want     connector.Delivery
		describe string
	}{
		{nil, connector.AtLeastOnce, "fluvio sink t, at least once"},
		{[]string{"delivery", "at_least_once"}, connector.AtLeastOnce, "fluvio sink t, at least once"},
		{[]string{"delivery", "at_most_once"}, connector.AtMostOnce, "fluvio sink t, at most once"},
		{[]string{"delivery", "exactly_once"}, connector.ExactlyOnce, "fluvio sink t, exactly once"},
	} {
		c := configure(t, connector.RoleSink, append([]string{"topic", "t"}, tc.bag...)...)
		if c.Delivery() != tc.want || c.Describe() != tc.describe {
			t.Errorf("%v: %v, %s", tc.bag, c.Delivery(), c.Describe())
		}
		letters, err := c.DeadLetters("d", tc.want)
		if err != nil || letters.Delivery() != tc.want {
			t.Errorf("%v: dead letters %v, %v", tc.bag, letters.Delivery(), err)
		}
	}
	if configure(t, connector.RoleSource, "topic", "t").SkipLost() || !configure(t, connector.RoleSource, "topic", "t", "source.lost", "skip").SkipLost() {
		t.Error("source.lost is not what it says")
	}
}

// TestWritersKeepTheirDelivery opens writers that would not keep what was promised.
func TestWritersKeepTheirDelivery(t *testing.T) {
	_, sc := startBroker(t)
	dead, err := configure(t, connector.RoleSource, "topic", "t").DeadLetters("t", connector.ExactlyOnce) // which is made
	if err != nil {
		t.Fatal(err)
	}
	env := connector.Env{Endpoint: sc}
	once, err := dead.OpenSink(t.Context(), env)
	if err != nil {
		t.Fatal(err)
	}
	defer once.Close()
	if _, err := once.Open(t.Context(), "lane", nil); err == nil {
		t.Error("exactly once without a sequence")
	}
	if err := once.ExactlyOnce(t.Context()); err != nil {
		t.Error(err)
	}
	lossy, err := configure(t, connector.RoleSink, "topic", "t", "delivery", "at_most_once").OpenSink(t.Context(), env)
	if err != nil {
		t.Fatal(err)
	}
	defer lossy.Close()
	if _, err := lossy.Open(t.Context(), "lane", &connector.Sequence{Writer: 1}); err == nil {
		t.Error("at most once with a sequence, which has no gaps")
	}
	w, err := lossy.Open(t.Context(), "lane", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := errors.Join(w.Write(t.Context(), 0, connector.Message{Time: -1, Value: []byte("v")}), w.Flush(t.Context())); err != nil || w.Lost() != 0 {
		t.Errorf("%v, %d lost", err, w.Lost())
	}
}

// TestStoredOffsetsFollowCommits commits behind what was read.
func TestStoredOffsetsFollowCommits(t *testing.T) {
	_, sc := startBroker(t)
	client, err := fluvio.Connect(t.Context(), fluvio.WithEndpoint(sc))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := admin.New(client).CreateTopic(t.Context(), "t", admin.TopicConfig{}); err != nil {
		t.Fatal(err)
	}
	producer, err := client.Producer(t.Context(), "t")
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		if err := producer.Produce(t.Context(), fluvio.Record{Value: []byte("v")}); err != nil {
			t.Fatal(err)
		}
	}
	if err := producer.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	source, err := configure(t, connector.RoleSource, "topic", "t", "source.consumer", "watched").OpenSource(t.Context(), connector.Env{Endpoint: sc})
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	r, err := source.Open(t.Context(), 0, 0, connector.NoEnd, nil)
	if err != nil {
		t.Fatal(err)
	}
	for read := 0; read < 10; {
		messages, err := r.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		read += len(messages)
	}
	for _, next := range []int64{0, 3, 7} {
		if err := r.Commit(t.Context(), next); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	stored, err := client.ConsumerOffsets(t.Context(), fluvio.ConsumerOffsetFilter{ID: "watched"})
	if err != nil || len(stored) != 1 || stored[0].Offset != 6 {
		t.Errorf("stored are %v, %v; want offset 6, that of the last record before 7", stored, err)
	}
}

// TestPlacesTellTopicsApart has pairs of tables, and whether they are over one topic.
func TestPlacesTellTopicsApart(t *testing.T) {
	env := connector.Env{Endpoint: "sc:9003"}
	place := func(pairs ...string) string { return configure(t, connector.RoleSource, pairs...).Place(env) }
	plain := place("topic", "t")
	for name, tc := range map[string]struct {
		bag  []string
		same bool
	}{
		"the same":                        {[]string{"topic", "t", "source.offset", "earliest"}, true},
		"the endpoint that all have":      {[]string{"topic", "t", "endpoint", "sc:9003"}, true},
		"another topic":                   {[]string{"topic", "t2"}, false},
		"another cluster, by its address": {[]string{"topic", "t", "endpoint", "sc:9004"}, false},
		"another cluster, by its profile": {[]string{"topic", "t", "profile", "edge"}, false},
	} {
		if got := place(tc.bag...); (got == plain) != tc.same {
			t.Errorf("%s: at %s, the other at %s", name, got, plain)
		}
	}
	table := configure(t, connector.RoleSource, "topic", "t", "profile", "edge")
	letters, err := table.DeadLetters("t", connector.AtLeastOnce)
	if err != nil || letters.Place(env) != table.Place(env) {
		t.Errorf("dead letters of %s are at %s, %v", table.Place(env), letters.Place(env), err)
	}
}

// TestARecordThatNoBatchCarriesIsRefusedAlone has one of 33 MB between two others.
func TestARecordThatNoBatchCarriesIsRefusedAlone(t *testing.T) {
	_, sc := startBroker(t)
	letters, err := configure(t, connector.RoleSource, "topic", "t").DeadLetters("t", connector.AtLeastOnce) // which is made
	if err != nil {
		t.Fatal(err)
	}
	sink, err := letters.OpenSink(t.Context(), connector.Env{Endpoint: sc})
	if err != nil {
		t.Fatal(err)
	}
	defer sink.Close()
	w, err := sink.Open(t.Context(), "lane", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for i, size := range []int{1, 33 << 20, 1} {
		err := w.Write(t.Context(), 0, connector.Message{Time: -1, Value: make([]byte, size)})
		if large := i == 1; errors.Is(err, connector.ErrTooLarge) != large || !large && err != nil || large && fault.Of(err) != fault.Input {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
	if err := w.Flush(t.Context()); err != nil {
		t.Error(err)
	}
}
