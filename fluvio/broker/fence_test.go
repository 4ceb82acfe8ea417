package broker

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/weir-stream/weir/fluvio/broker/internal/commitlog"
	"github.com/weir-stream/weir/fluvio/protocol"
	"github.com/weir-stream/weir/fluvio/record"
	"pgregory.net/rapid"
)

// claim claims a writer of t-0, and tells whether it was granted.
func (c *client) claim(writer, incarnation int64, takeOver bool) bool {
	c.t.Helper()
	resp := call[*protocol.ClaimWriterResponse](c, &protocol.ClaimWriterRequest{Topic: "t", Writer: writer, Incarnation: incarnation, TakeOver: takeOver})
	if err := resp.ErrorCode.Err(); err != nil {
		c.t.Fatal(err)
	}
	return resp.Granted
}

// offer sends a batch of one record to t-0, and tells what became of it.
func (c *client) offer(writer, ordinal int64) string {
	c.t.Helper()
	out := c.produce("t", 0, numbered(c.t, record.None, writer, ordinal, fmt.Sprint(ordinal)))
	if out[0].ErrorCode.Err() != nil {
		return textOf(out[0].ErrorCode)
	}
	return fmt.Sprint(out[0].BaseOffset)
}

// textOf is an error's own words.
func textOf(code protocol.ErrorCode) string {
	text, _, _ := strings.Cut(fmt.Sprint(code.Err()), " (fluvio error")
	return text
}

// The answers are laid down byte by byte.
func TestAnswersToClaims(t *testing.T) {
	b := start(t, Config{})
	create(t, b, "t", topicSpec(1))
	c := dial(t, b.SPU())
	for _, step := range []struct {
		req  protocol.ClaimWriterRequest
		want string
	}{
		{protocol.ClaimWriterRequest{Topic: "t", Writer: 7, Incarnation: 1}, "0000" + "01"},
		{protocol.ClaimWriterRequest{Topic: "t", Writer: 7, Incarnation: 2}, "0000" + "00"},
		{protocol.ClaimWriterRequest{Topic: "t", Writer: 7, Incarnation: 2, TakeOver: true}, "0000" + "01"},
		{protocol.ClaimWriterRequest{Topic: "t", Partition: 1, Writer: 7, Incarnation: 1}, "0006" + "00"},
		{protocol.ClaimWriterRequest{Topic: "other", Writer: 7, Incarnation: 1}, "0006" + "00"},
	} {
		if got := hex.EncodeToString(c.receive(c.send(&step.req))); got != step.want {
			t.Errorf("%+v: %s, want %s", step.req, got, step.want)
		}
	}
	other := dial(t, b.SPU())
	text := fmt.Sprintf("0002%04x%x", len(claimNeeded), claimNeeded)
	want := "00000001" + "000174" + "00000001" + "00000000" + text + strings.Repeat("00", 3*8) + "00000000"
	if got := hex.EncodeToString(other.receive(other.send(produceRequest("t", 0, numbered(t, record.None, 7, 0, "v"))))); got != want {
		t.Errorf("a batch of another connection: %s, want %s", got, want)
	}
	if text != "0002001a"+"776569722e73657175656e636520636c61696d206e6565646564" {
		t.Errorf("clients look for another text than %q", claimNeeded)
	}
}

func TestWhoHasClaimedAWriterIsTheOnlyOneToWriteIt(t *testing.T) {
	const refused = claimNeeded
	for name, script := range map[string][]string{
		"nobody has claimed it":              {"a 0 = 0", "b 1 = 1", "a 2 = 2"},
		"another connection":                 {"a claims 1", "a 0 = 0", "b 1 = " + refused, "a 1 = 1"},
		"another writer is not concerned":    {"a claims 1", "b 0 of another = 0", "a 0 = 1"},
		"a repetition is refused too":        {"b 0 = 0", "a claims 1", "b 0 = " + refused, "a 0 = 0"},
		"moved within an incarnation":        {"a claims 1", "a 0 = 0", "b claims 1", "a 1 = " + refused, "b 1 = 1"},
		"moved and moved back":               {"a claims 1", "b claims 1", "a 0 = " + refused, "a claims 1", "a 0 = 0", "b 1 = " + refused},
		"another incarnation":                {"a claims 1", "b claims 2 in vain", "b 0 = " + refused, "a 0 = 0"},
		"taken over":                         {"a claims 1", "a 0 = 0", "b takes over 2", "a 1 = " + refused, "a 1 = " + refused, "b 1 = 1"},
		"who was taken over from":            {"a claims 1", "b takes over 2", "a claims 1 in vain", "c claims 1 in vain", "a 0 = " + refused, "b 0 = 0"},
		"taken over again":                   {"a claims 1", "b takes over 2", "c takes over 3", "b 0 = " + refused, "c 0 = 0"},
		"remembered when the owner is gone":  {"a claims 1", "a ends", "b 0 = " + refused, "b claims 2 in vain", "b claims 1", "b 0 = 0"},
		"revoked when the new owner is gone": {"a claims 1", "b takes over 2", "b ends", "a 0 = " + refused, "a claims 1 in vain", "a takes over 1 in vain", "c takes over 3", "c 0 = 0"},
		"taken over by a claim that is late": {"a claims 1", "b takes over 2", "c takes over 1 in vain", "a 0 = " + refused, "b 0 = 0"},
		"claimed twice":                      {"a claims 1", "a claims 1", "a takes over 1", "a 0 = 0"},
		"a gap is still one":                 {"a claims 1", "a 0 = 0", "a 5 = weir.sequence expected=1"},
	} {
		t.Run(name, func(t *testing.T) {
			b := start(t, Config{})
			create(t, b, "t", topicSpec(1))
			conns := map[string]*client{}
			for _, name := range []string{"a", "b", "c"} {
				conns[name] = dial(t, b.SPU())
				conns[name].produce("t", 0) // and so it is older than what follows
			}
			for _, line := range script {
				if got := playClaim(conns, line); got != "" {
					t.Errorf("%s: %s", line, got)
				}
			}
		})
	}
}

// playClaim plays a line of a script, and says what is wrong.
func playClaim(conns map[string]*client, line string) string {
	words := strings.Fields(line)
	c := conns[words[0]]
	var number int64
	switch {
	case words[1] == "ends":
		_ = c.nc.Close()
	case words[1] == "claims", words[1] == "takes":
		rest := strings.Fields(strings.TrimPrefix(strings.Join(words[2:], " "), "over "))
		fmt.Sscan(rest[0], &number)
		if granted := c.claim(7, number, words[1] == "takes"); granted == (len(rest) > 1) {
			return fmt.Sprintf("granted: %v", granted)
		}
	default:
		fmt.Sscan(words[1], &number)
		writer := int64(7)
		if words[2] == "of" {
			writer = 8
		}
		_, want, _ := strings.Cut(line, " = ")
		if got := c.offer(writer, number); got != want {
			return got
		}
	}
	return ""
}

// One batch of a writer that another connection owns has its whole entry refused; other entries are not concerned.
func TestAnEntryIsRefusedWhole(t *testing.T) {
	b := start(t, Config{})
	create(t, b, "t", topicSpec(1))
	owner, c := dial(t, b.SPU()), dial(t, b.SPU())
	owner.claim(7, 1, false)
	mixed := slices.Concat(batchOf(t, record.None, "x"), numbered(t, record.None, 8, 0, "y"), numbered(t, record.None, 7, 0, "z"))
	out := c.produce("t", 0, numbered(t, record.None, 8, 0, "first"), mixed, batchOf(t, record.None, "last"))
	if got := textOf(out[1].ErrorCode); out[0].ErrorCode.Err() != nil || got != claimNeeded || out[2].ErrorCode.Err() != nil {
		t.Errorf("%+v", out)
	}
	if got := dial(t, b.SPU()).from("t", 0, 0).values(2); !slices.Equal(got, []string{"first", "last"}) {
		t.Errorf("the log has %q", got)
	}
}

// Writers are claimed for each partition by itself, and for a topic only as long as there is one.
func TestClaimsBelongToTheirPartition(t *testing.T) {
	b := start(t, Config{MaxTotalWriters: 16})
	create(t, b, "t", topicSpec(2))
	a, c := dial(t, b.SPU()), dial(t, b.SPU())
	a.claim(7, 1, false)
	c.mustProduce("t", 1, numbered(t, record.None, 7, 0, "a"))
	for w := range int64(15) {
		a.claim(100+w, 1, false)
	}
	if !b.cfg.claims.Spent(16) {
		t.Error("claims are not counted")
	}
	remove(t, b, "t")
	if b.cfg.claims.Spent(16) {
		t.Error("claims are counted though their topic is gone")
	}
	create(t, b, "t", topicSpec(1))
	dial(t, b.SPU()).mustProduce("t", 0, numbered(t, record.None, 7, 0, "a"))
}

// Who owned a forgotten claim has to claim again, and so has everybody who was there then.
func TestForgottenClaims(t *testing.T) {
	b := start(t, Config{MaxWriters: 2})
	create(t, b, "t", topicSpec(1))
	before, a, c := dial(t, b.SPU()), dial(t, b.SPU()), dial(t, b.SPU())
	for _, conn := range []*client{before, a, c} {
		conn.produce("t", 0)
	}
	a.claim(1, 1, false)
	c.claim(1, 2, true)
	after := dial(t, b.SPU())
	for w := int64(2); w <= 3; w++ {
		c.claim(w, 2, false)
	}
	for _, conn := range []*client{before, a, c} { // one of them may have something under way that the claim was to shut out
		if got := conn.offer(1, 0); got != claimNeeded {
			t.Errorf("before the forgotten claim: %s", got)
		}
	}
	if got := after.offer(1, 0); got != "0" {
		t.Errorf("after it: %s", got)
	}
	if got := c.offer(2, 0); got != "1" {
		t.Errorf("what is remembered: %s", got)
	}
	if !a.claim(1, 1, false) || a.offer(1, 1) != "2" {
		t.Error("what nobody owns could not be claimed")
	}
}

// heldFile is a segment whose writes wait.
type heldFile struct {
	commitlog.File
	writing, release chan struct{}
}

func (f heldFile) WriteAt(b []byte, at int64) (int, error) {
	f.writing <- struct{}{}
	<-f.release
	return f.File.WriteAt(b, at)
}

// A claim is not granted while something is appended that was let through before.
func TestAClaimWaitsForAppends(t *testing.T) {
	cfg := Config{Dir: t.TempDir()}.withDefaults()
	held := heldFile{writing: make(chan struct{}), release: make(chan struct{})}
	lc := cfg.logConfig(topicRecord{})
	lc.OpenFile = func(path string, flag int, perm os.FileMode) (commitlog.File, error) {
		f, err := os.OpenFile(path, flag, perm)
		return heldFile{f, held.writing, held.release}, err
	}
	log, err := commitlog.Open(cfg.Dir, lc)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	p, c := &partition{fence: newFence(cfg), log: log}, &conn{number: 1}
	var running sync.WaitGroup
	running.Go(func() {
		if _, _, err := c.append(p, numbered(t, record.None, 7, 0, "v")); err != nil {
			t.Error(err)
		}
	})
	<-held.writing
	running.Go(func() {
		if granted, err := p.fence.claim(owner{writer: 7, conn: 2}, true, func() uint64 { return 2 }); !granted || err != nil {
			t.Errorf("granted: %v, %v", granted, err)
		}
		if _, end := log.Bounds(); end != 1 {
			t.Errorf("the log ends at %d when the claim is granted", end)
		}
	})
	if p.fence.mu.TryLock() {
		t.Error("a claim could be granted while a batch is written")
		p.fence.mu.Unlock()
	}
	held.release <- struct{}{}
	running.Wait()
	if _, _, err := c.append(p, numbered(t, record.None, 7, 1, "v")); err != errClaimNeeded {
		t.Errorf("behind the claim: %v", err)
	}
}

// A writer is taken over again and again while its owner writes as fast as it can: what the claimant finds when its claim is answered stays all
// there is until it writes itself.
func TestNothingIsAppendedBehindAClaim(t *testing.T) {
	b := start(t, Config{})
	create(t, b, "t", topicSpec(1))
	log := b.cluster.partition("t", 0).log
	const rounds = 50
	for round := range int64(rounds) {
		claimant := dial(t, b.SPU())
		if !claimant.claim(7, round, true) {
			t.Fatal("no takeover")
		}
		_, end := log.Bounds()
		var running sync.WaitGroup
		enough := make(chan struct{})
		running.Go(func() { // and it does not wait for its answers
			for n := end; ; n++ {
				set := numbered(t, record.None, 7, n, "v")
				frame := protocol.AppendRequest(nil, protocol.RequestHeader{APIVersion: 25, ClientID: "test"}, produceRequest("t", 0, set))
				if _, err := claimant.nc.Write(frame); err != nil {
					return
				}
				if n == end+3 {
					close(enough)
				}
			}
		})
		<-enough
		next := dial(t, b.SPU())
		next.claim(7, 1000+round, true)
		_, found := log.Bounds()
		call[*protocol.FetchOffsetsResponse](next, &protocol.FetchOffsetsRequest{}) // a while
		if _, end := log.Bounds(); end != found {
			t.Fatalf("%d records came behind the claim", end-found)
		}
		_ = claimant.nc.Close()
		running.Wait()
	}
}

// Whatever is claimed and forgotten in whatever order: a batch is taken only from a connection behind whose last claim of the writer, or if it has
// made none, behind whose beginning no other connection was granted one.
func TestFencesAreNeverPassed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := newFence(Config{MaxWriters: rapid.IntRange(1, 4).Draw(t, "most"), claims: commitlog.NewQuota(rapid.IntRange(1, 50).Draw(t, "quota"))})
		newest := uint64(1)
		type key struct {
			conn   uint64
			writer int64
		}
		shutOut, whose := map[key]bool{}, map[int64]int64{}
		before := map[int64][]int64{} // incarnations that a writer was taken over from since it is known
		t.Repeat(map[string]func(*rapid.T){
			"": func(t *rapid.T) {
				if len(f.byWriter) != f.owners.Len() || len(f.byWriter) > f.most {
					t.Fatalf("%d writers, %d owners", len(f.byWriter), f.owners.Len())
				}
			},
			"connect": func(*rapid.T) { newest++ },
			"claim": func(t *rapid.T) {
				o := owner{
					writer: rapid.Int64Range(0, 6).Draw(t, "writer"), incarnation: rapid.Int64Range(0, 12).Draw(t, "incarnation"),
					conn: rapid.Uint64Range(1, newest).Draw(t, "connection"),
				}
				takeOver, known := rapid.Bool().Draw(t, "takes over"), f.byWriter[o.writer] != nil
				granted, err := f.claim(o, takeOver, func() uint64 { return newest })
				if !known {
					before[o.writer] = nil
				}
				had := before[o.writer]
				had = had[max(0, len(had)-mostBefore):]
				want := !known || whose[o.writer] == o.incarnation || takeOver && !slices.Contains(had, o.incarnation)
				if err != nil || granted != want {
					t.Fatalf("granted: %v, %v", granted, err)
				}
				if granted {
					if known && whose[o.writer] != o.incarnation {
						before[o.writer] = append(before[o.writer], whose[o.writer])
					}
					whose[o.writer] = o.incarnation
					for conn := uint64(1); conn <= newest; conn++ {
						shutOut[key{conn, o.writer}] = conn != o.conn
					}
				}
			},
			"append": func(t *rapid.T) {
				k := key{rapid.Uint64Range(1, newest).Draw(t, "connection"), rapid.Int64Range(0, 6).Draw(t, "writer")}
				if e := f.byWriter[k.writer]; e != nil && e.Value.(*owner).conn == k.conn && !f.owns(k.conn, k.writer) {
					t.Fatal("an owner is refused")
				}
				if f.owns(k.conn, k.writer) && shutOut[k] {
					t.Fatalf("connection %d may write as writer %d", k.conn, k.writer)
				}
			},
		})
		f.close()
		if f.owners.Len() > 0 || f.quota.Spent(16) {
			t.Fatal("the quota was not given back")
		}
		if _, err := f.claim(owner{}, true, func() uint64 { return newest }); err != commitlog.ErrClosed {
			t.Fatalf("a claim in a closed partition: %v", err)
		}
	})
}

func BenchmarkAdmit(b *testing.B) {
	f := newFence(Config{MaxWriters: 10, claims: commitlog.NewQuota(10)})
	if _, err := f.claim(owner{writer: 7, conn: 1}, false, func() uint64 { return 1 }); err != nil {
		b.Fatal(err)
	}
	set := bytes.Repeat(numbered(b, record.None, 7, 0, "v"), 16)
	b.ReportAllocs()
	for b.Loop() {
		if !f.admits(1, set) {
			b.Fatal("refused")
		}
	}
}
