package pool

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"

	"go.uber.org/goleak"

	"github.com/weir-stream/weir/host/engine"
	"github.com/weir-stream/weir/host/engine/enginetest/asm"
	"github.com/weir-stream/weir/host/engine/wazeroengine"
	"github.com/weir-stream/weir/host/sandbox"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fake is an instance that knows what was done to it.
type fake struct {
	tenant   string
	calls    uint64
	memory   int64
	restored int
	closed   int
	broken   bool
	used     sync.Mutex // held while leased
}

func (f *fake) Restore(context.Context) error {
	if f.broken {
		return errors.New("cannot be restored")
	}
	f.restored++
	f.calls, f.memory = 0, opened
	return nil
}

func (f *fake) Used() (uint64, int64) { return f.calls, f.memory }

func (f *fake) Close(context.Context) error {
	f.closed++
	return nil
}

// opened is how much memory a fake has when it has been opened.
const opened = 1 << 30

// fakes makes a pool of them, and remembers all that were opened.
func fakes(c Config[*fake]) (*Pool[*fake], func() []*fake) {
	var mu sync.Mutex
	var all []*fake
	c.Open = func(_ context.Context, tenant string) (*fake, error) {
		if tenant == "none" {
			return nil, errors.New("no such tenant")
		}
		mu.Lock()
		defer mu.Unlock()
		all = append(all, &fake{tenant: tenant, memory: opened})
		return all[len(all)-1], nil
	}
	return New(c), func() []*fake { return all }
}

func get(t *testing.T, p *Pool[*fake], tenant string) *Lease[*fake] {
	t.Helper()
	l, err := p.Get(t.Context(), tenant)
	if err != nil {
		t.Fatal(err)
	}
	if l.Instance.tenant != tenant || l.Instance.closed > 0 {
		t.Fatalf("got %+v for %s", l.Instance, tenant)
	}
	return l
}

func release(t *testing.T, l *Lease[*fake], failed bool) {
	t.Helper()
	if err := l.Release(t.Context(), failed); err != nil {
		t.Fatal(err)
	}
}

func TestWhenInstancesAreRestored(t *testing.T) {
	for name, tc := range map[string]struct {
		use      func(*fake)
		failed   bool
		restored int
		closed   int
	}{
		"used a little":           {func(f *fake) { f.calls = 9 }, false, 0, 0},
		"used often":              {func(f *fake) { f.calls = 10 }, false, 1, 0},
		"grown":                   {func(f *fake) { f.memory = opened + 101 }, false, 1, 0},
		"grown a little":          {func(f *fake) { f.memory = opened + 100 }, false, 0, 0},
		"failed":                  {func(*fake) {}, true, 1, 0},
		"failed, not restorable":  {func(f *fake) { f.broken = true }, true, 0, 1},
		"not restorable, but due": {func(f *fake) { f.broken, f.calls = true, 11 }, false, 0, 1},
	} {
		p, _ := fakes(Config[*fake]{Calls: 10, Growth: 100})
		l := get(t, p, "a")
		tc.use(l.Instance)
		release(t, l, tc.failed)
		release(t, l, true) // does nothing
		if f := l.Instance; f.restored != tc.restored || f.closed != tc.closed {
			t.Errorf("%s: restored %d times, closed %d times", name, f.restored, f.closed)
		}
		again := get(t, p, "a")
		if (again.Instance == l.Instance) != (tc.closed == 0) {
			t.Errorf("%s: used again: %t", name, again.Instance == l.Instance)
		}
		release(t, again, false)
		if err := p.Close(t.Context()); err != nil || p.Stats().Alive != 0 {
			t.Errorf("%s: %v, %+v", name, err, p.Stats())
		}
	}
}

func TestRenewing(t *testing.T) {
	p, all := fakes(Config[*fake]{Most: 1})
	l := get(t, p, "a")
	first := l.Instance
	if err := l.Renew(t.Context()); err != nil || l.Instance != first || first.restored != 1 {
		t.Errorf("%v, %+v", err, first)
	}
	first.broken = true
	if err := l.Renew(t.Context()); err != nil || l.Instance == first || first.closed != 1 {
		t.Errorf("one that can't be restored: %v, %+v", err, first)
	}
	release(t, l, false)
	if again := get(t, p, "a"); again.Instance != l.Instance || len(all()) != 2 {
		t.Error("the instance that was opened anew is not kept")
	} else {
		again.Instance.broken, again.entry.tenant = true, "none"
		if err := again.Renew(t.Context()); err == nil || again.Instance.closed != 1 {
			t.Errorf("opening anew fails: %v", err)
		}
		release(t, again, true) // does nothing
	}
	if s := p.Stats(); s.Alive != 0 || s.Opened != 2 || s.Closed != 2 || s.Restored != 1 {
		t.Errorf("%+v", s)
	}
}

// TestAPlaceIsNeverLost has opening fail while others wait for the place.
func TestAPlaceIsNeverLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, _ := fakes(Config[*fake]{Most: 1})
		held := get(t, p, "a")
		held.Instance.broken = true
		failed := make(chan error)
		go func() {
			_, err := p.Get(t.Context(), "none")
			failed <- err
		}()
		synctest.Wait()
		served := make(chan *Lease[*fake])
		go func() {
			l, err := p.Get(t.Context(), "b")
			if err != nil {
				t.Error(err)
			}
			served <- l
		}()
		synctest.Wait()
		release(t, held, true) // closed: its place goes to the first, which can't use it, and then to the second
		if err := <-failed; err == nil {
			t.Error("an instance that can't be opened was handed out")
		}
		release(t, <-served, false)
		if err := p.Close(t.Context()); err != nil || p.Stats().Alive != 0 {
			t.Errorf("%v, %+v", err, p.Stats())
		}
	})
}

func TestTenantsDoNotShareInstances(t *testing.T) {
	p, all := fakes(Config[*fake]{Most: 2})
	a := get(t, p, "a")
	release(t, a, false)
	b := get(t, p, "b")
	release(t, b, false)
	c := get(t, p, "c") // the one that lay idle for longest makes room
	if a.Instance.closed != 1 || b.Instance.closed != 0 {
		t.Errorf("closed %d and %d times", a.Instance.closed, b.Instance.closed)
	}
	if got := get(t, p, "b"); got.Instance != b.Instance {
		t.Error("an idle instance was not used")
	} else {
		release(t, got, false)
	}
	if _, err := p.Get(t.Context(), "none"); err == nil {
		t.Error("an instance that can't be opened was handed out")
	}
	release(t, c, false)
	if err := p.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, f := range all() {
		if f.closed != 1 {
			t.Errorf("an instance of %s was closed %d times", f.tenant, f.closed)
		}
	}
	if s := p.Stats(); s.Alive != 0 || s.Idle != 0 || s.Opened != 3 || s.Closed != 3 {
		t.Errorf("%+v", s)
	}
}

func TestWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, _ := fakes(Config[*fake]{Most: 1})
		held := get(t, p, "a")
		order := make(chan string, 3)
		want := func(name, tenant string) {
			go func() {
				l, err := p.Get(t.Context(), tenant)
				if err != nil {
					order <- name + ": " + err.Error()
					return
				}
				order <- name
				_ = l.Release(t.Context(), false)
			}()
			synctest.Wait()
		}
		want("first", "a")
		want("second", "b")
		cancelled, cancel := context.WithCancel(t.Context())
		gone := make(chan error)
		go func() {
			_, err := p.Get(cancelled, "a")
			gone <- err
		}()
		synctest.Wait()
		cancel()
		if err := <-gone; !errors.Is(err, context.Canceled) {
			t.Errorf("a cancelled wait gives %v", err)
		}
		release(t, held, false)
		if a, b := <-order, <-order; a != "first" || b != "second" {
			t.Errorf("served %s, then %s", a, b)
		}
		synctest.Wait()
		held = get(t, p, "a")
		want("third", "a")
		if err := p.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := <-order; got != "third: "+ErrClosed.Error() {
			t.Errorf("waiting in a pool that is closed: %s", got)
		}
		release(t, held, false)
		if held.Instance.closed != 1 || p.Stats().Alive != 0 {
			t.Error("what came back to a closed pool was not closed")
		}
		if _, err := p.Get(t.Context(), "a"); !errors.Is(err, ErrClosed) {
			t.Errorf("a closed pool gives %v", err)
		}
	})
}

// TestHammer has many users of few instances: each instance has one user at a time, of its own tenant, and none is lost.
func TestHammer(t *testing.T) {
	p, all := fakes(Config[*fake]{Most: 3, Calls: 5})
	var users sync.WaitGroup
	for user := range 8 {
		users.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(user)))
			for range 500 {
				tenant := fmt.Sprint(random.IntN(4))
				ctx, cancel := context.WithCancel(t.Context())
				if random.IntN(10) == 0 {
					cancel()
				}
				l, err := p.Get(ctx, tenant)
				cancel()
				if err != nil {
					continue
				}
				if !l.Instance.used.TryLock() || l.Instance.tenant != tenant {
					t.Error("an instance has two users, or a stranger")
				}
				l.Instance.calls++
				l.Instance.broken = random.IntN(20) == 0
				l.Instance.used.Unlock()
				if err := l.Release(t.Context(), random.IntN(5) == 0); err != nil {
					t.Error(err)
				}
			}
		})
	}
	users.Wait()
	if s := p.Stats(); s.Alive > 3 || s.Alive != s.Idle {
		t.Errorf("%+v", s)
	}
	if err := p.Close(t.Context()); err != nil || p.Stats().Alive != 0 {
		t.Errorf("%v, %+v", err, p.Stats())
	}
	for _, f := range all() {
		if f.closed != 1 {
			t.Errorf("an instance was closed %d times", f.closed)
		}
	}
}

// BenchmarkLease is what a lease costs beside the use of the instance.
func BenchmarkLease(b *testing.B) {
	p, _ := fakes(Config[*fake]{})
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			l, err := p.Get(b.Context(), "a")
			if err == nil {
				err = l.Release(b.Context(), false)
			}
			if err != nil {
				b.Error(err)
			}
		}
	})
}

// guest is a real instance.
type guest struct {
	engine.Instance
	write engine.Func
}

func (g *guest) Used() (uint64, int64) { return 0, int64(len(g.Memory().Bytes())) }

// TestCanary uses instances of a real engine again and again, for two tenants in turn: none ever holds a byte that another
// tenant, or an earlier user before a restore, has written.
func TestCanary(t *testing.T) {
	p := guests(t)
	for use := range 5000 {
		p.use(t, use)
	}
}

// BenchmarkCanary is the test for as many uses as -benchtime says: 1000000x.
func BenchmarkCanary(b *testing.B) {
	p := guests(b)
	for use := 0; b.Loop(); use++ {
		p.use(b, use)
	}
}

// canary is a pool of guests, and what the memory of each tenant's is like when it has been opened.
type canary struct {
	*Pool[*guest]
	images map[string][]byte
	random *rand.Rand
}

var tenants = []string{"one", "two"}

// guests makes a pool with room for one guest, which is restored after each use: it grows its memory.
func guests(t testing.TB) *canary {
	e, err := wazeroengine.New(wazeroengine.Config{})
	if err != nil {
		t.Fatal(err)
	}
	m := asm.New()
	m.Memory(1, 8)
	m.Func("write", asm.Sig("ii", "i"), "", asm.I32(1), asm.MemoryGrow, asm.Drop, asm.Get(0), asm.Get(1), asm.Store(0), asm.I32(0))
	rewritten, err := sandbox.Rewrite(m.Bytes(), sandbox.Caps{})
	if err != nil {
		t.Fatal(err)
	}
	module, err := e.Compile(t.Context(), rewritten, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	i32 := engine.I32
	p := New(Config[*guest]{Most: 1, Growth: 1, Open: func(ctx context.Context, tenant string) (*guest, error) {
		i, err := module.Instantiate(ctx, nil)
		if err != nil {
			return nil, err
		}
		copy(i.Memory().Bytes(), "opened by "+tenant)
		write, err := i.Lookup("write", engine.FuncType{Params: []engine.ValueType{i32, i32}, Results: []engine.ValueType{i32}})
		return &guest{i, write}, errors.Join(err, i.Pin())
	}})
	c := &canary{Pool: p, images: map[string][]byte{}, random: rand.New(rand.NewPCG(3, 4))}
	for _, tenant := range tenants {
		c.images[tenant] = make([]byte, engine.PageSize)
		copy(c.images[tenant], "opened by "+tenant)
	}
	t.Cleanup(func() {
		if err := errors.Join(p.Close(context.Background()), module.Close(context.Background()), e.Close(context.Background())); err != nil {
			t.Error(err)
		}
	})
	return c
}

// use checks an instance and writes into it.
func (c *canary) use(t testing.TB, n int) {
	tenant := tenants[n/100%2]
	l, err := c.Get(t.Context(), tenant)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(l.Instance.Memory().Bytes(), c.images[tenant]) {
		t.Fatalf("use %d, for tenant %s: the memory is not as it was opened", n, tenant)
	}
	for range 3 {
		if err := l.Instance.write.Call(t.Context(), []uint64{uint64(c.random.IntN(engine.PageSize)), c.random.Uint64() | 1}); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Release(t.Context(), n%3 == 0); err != nil {
		t.Fatal(err)
	}
}
