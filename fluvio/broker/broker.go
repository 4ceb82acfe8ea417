package broker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weir-stream/weir/fluvio/broker/internal/commitlog"
	"github.com/weir-stream/weir/fluvio/protocol"
	"github.com/weir-stream/weir/internal/filelock"
)

// ErrLocked says that another broker uses the data folder.
var ErrLocked = errors.New("data folder is in use")

// Broker is a running broker.
type Broker struct {
	cfg     Config
	lock    *filelock.File
	cluster *cluster
	sc, spu net.Listener
	opened  time.Time

	counters *counters
	requests lanes   // of memory for requests, with what decoding and answering them takes
	chunks   *budget // of memory for chunks of streams and for large answers

	ctx    context.Context // done when Close stops waiting for requests
	cancel context.CancelFunc
	stop   chan struct{} // closed at the start of Close
	tasks  sync.WaitGroup

	numbers atomic.Uint64 // of connections: the newest one's

	mu       sync.Mutex
	conns    map[*conn]struct{}
	closing  bool
	relieved time.Duration // the age at which relieve looked last

	closeOnce sync.Once
	closeErr  error
}

// Open starts a broker. When it returns, both servers accept connections and the data folder is repaired as far as it had to be.
//
// It fails with ErrLocked if another broker runs on the folder, and with what the system said if an address cannot be listened on. Data that
// is damaged in a way that no crash explains is an error that names the file and the position; nothing is deleted then.
func Open(cfg Config) (*Broker, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	b := &Broker{cfg: cfg.withDefaults(), stop: make(chan struct{}), conns: map[*conn]struct{}{}, opened: time.Now(), counters: newCounters()}
	b.cfg.openFile = b.counters.openFile
	b.requests, b.chunks = newLanes(b.cfg.MaxInFlightBytes), newBudget(b.cfg.MaxInFlightBytes)
	b.ctx, b.cancel = context.WithCancel(context.Background())
	if err := b.open(); err != nil {
		b.cancel()
		return nil, fmt.Errorf("broker: %w", errors.Join(err, b.closeListeners(), b.release()))
	}
	b.tasks.Go(func() { b.accept(b.sc, protocol.SC) })
	b.tasks.Go(func() { b.accept(b.spu, protocol.SPU) })
	b.tasks.Go(func() { b.every(b.cfg.CleanInterval, b.clean) })
	if b.cfg.Flush == FlushInterval {
		b.tasks.Go(func() { b.every(b.cfg.FlushInterval, b.flush) })
	}
	return b, nil
}

func (b *Broker) open() (err error) {
	if err = os.MkdirAll(b.cfg.Dir, 0o755); err != nil {
		return err
	}
	b.lock, err = filelock.Lock(filepath.Join(b.cfg.Dir, "LOCK"))
	if errors.Is(err, filelock.ErrLocked) {
		return fmt.Errorf("%w: stop the other broker on %s first, or start with another folder: %w", ErrLocked, b.cfg.Dir, err)
	}
	if err != nil {
		return err
	}
	if b.sc, err = net.Listen("tcp", b.cfg.SCAddr); err != nil {
		return fmt.Errorf("SC: %w", err)
	}
	if b.spu, err = net.Listen("tcp", b.cfg.SPUAddr); err != nil {
		return fmt.Errorf("SPU: %w", err)
	}
	if b.cluster, err = openCluster(b.cfg); err != nil {
		return err
	}
	host, port := b.publicAddress()
	b.cluster.feeds[protocol.KindSpu].publish([]*object{spuObject(host, port, b.cfg.TLS != nil)})
	return nil
}

// SC is the address of the SC, host:port, to which clients connect.
func (b *Broker) SC() string { return b.sc.Addr().String() }

// SPU is the address of the SPU, host:port, as clients are told it.
func (b *Broker) SPU() string {
	host, port := b.publicAddress()
	return net.JoinHostPort(host, strconv.Itoa(port))
}

// publicAddress is where clients reach the SPU.
func (b *Broker) publicAddress() (host string, port int) {
	spu, _ := b.spu.Addr().(*net.TCPAddr)
	sc, _ := b.sc.Addr().(*net.TCPAddr)
	switch {
	case b.cfg.PublicHost != "":
		return strings.Trim(b.cfg.PublicHost, "[]"), spu.Port // as IPv6 addresses are often written
	case !spu.IP.IsUnspecified():
		return spu.IP.String(), spu.Port
	case !sc.IP.IsUnspecified():
		return sc.IP.String(), spu.Port
	}
	return "localhost", spu.Port
}

// Close stops the broker: it accepts nothing more, finishes the requests that are being served, ends streams and watches, forces everything to
// the disk and unlocks the folder. When ctx is done before, connections are closed in the middle of their requests; what was
// acknowledged is kept all the same. Further calls return what the first one did.
func (b *Broker) Close(ctx context.Context) error {
	b.closeOnce.Do(func() { b.closeErr = b.close(ctx) })
	return b.closeErr
}

func (b *Broker) close(ctx context.Context) error {
	close(b.stop)
	err := b.closeListeners()
	b.drain()
	done := make(chan struct{})
	go func() {
		b.tasks.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-ctx.Done():
		b.abort()
		<-done
	}
	b.cancel()
	return errors.Join(err, b.release())
}

func (b *Broker) closeListeners() error {
	var err error
	for _, l := range []net.Listener{b.sc, b.spu} {
		if l != nil {
			err = errors.Join(err, l.Close())
		}
	}
	return err
}

// release closes what is on the disk, as far as open came.
func (b *Broker) release() error {
	var err error
	if b.cluster != nil {
		err = b.cluster.close()
	}
	if b.lock != nil {
		err = errors.Join(err, b.lock.Unlock())
	}
	return err
}

// every calls do each interval until the broker is closed.
func (b *Broker) every(interval time.Duration, do func()) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			do()
		case <-b.stop:
			return
		}
	}
}

// clean removes old segments of every partition.
func (b *Broker) clean() {
	for _, p := range b.cluster.partitions() {
		removed, err := p.log.Clean()
		if removed > 0 {
			start, _ := p.log.Bounds()
			b.cfg.Logger.Info("removed old segments", "partition", p.name(), "segments", removed, "log_start", start)
		}
		if err != nil && !errors.Is(err, commitlog.ErrClosed) {
			b.cfg.Logger.Warn("cannot remove old segments", "partition", p.name(), "error", err)
		}
	}
}

// flush forces every partition to the disk.
func (b *Broker) flush() {
	for _, p := range b.cluster.partitions() {
		if err := p.log.Sync(); err != nil {
			b.cfg.Logger.Error("cannot force records to the disk; a partition whose disk failed takes no more until the broker is restarted",
				"partition", p.name(), "error", err)
		}
	}
}
