package broker

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/weir-stream/weir/fluvio/broker/internal/commitlog"
)

// Flush says when written records are forced to the disk. None of them costs acknowledged records when the process dies; they differ in
// what power loss takes.
type Flush int

const (
	// FlushNone leaves it to the system, usually within 30 s. Power loss takes what was not yet written, and may leave damage that
	// Open refuses to guess about. A writer of a producer sequence whose batches it took is refused as having left a gap, and
	// so learns of it. The default.
	FlushNone Flush = iota
	// FlushEach forces every append before it is acknowledged. Power loss takes nothing that was acknowledged.
	FlushEach
	// FlushInterval forces everything each Config.FlushInterval. Power loss takes at most what came since, as with FlushNone.
	FlushInterval
)

// Config of a broker. Only Dir must be set; other zero values stand for the defaults.
type Config struct {
	// Dir is the data folder. It is created if absent. One broker at a time may use it.
	Dir string
	// SCAddr and SPUAddr are the addresses to listen on, host:port; default 127.0.0.1 with a port that the system picks (port 0).
	SCAddr, SPUAddr string
	// PublicHost is the host by which clients reach the SPU; the port is the one that it listens on. Default: the host that the SPU listens on,
	// or, if that is every address of the machine, the SC's, or localhost.
	PublicHost string

	// TLS, if it is set, encrypts both servers; plain clients are refused then. It needs a certificate. Clients expect a server name NAME of their
	// choice in the SC's, and custom-spu-5001.NAME in the SPU's, so one for NAME and *.NAME serves both. Where ClientAuth and
	// ClientCAs ask for client certificates, who has none is refused. The broker keeps it.
	TLS *tls.Config

	// Flush says when records are forced to the disk; default FlushNone.
	Flush Flush
	// FlushInterval is the time between two flushes with Flush FlushInterval; default 1 s.
	FlushInterval time.Duration

	// SegmentBytes, MaxPartitionBytes and Retention are for topics that do not say otherwise: the size of a segment (default 1 GiB),
	// the size of a partition over which its oldest segments go (default 100 GiB), and their age (default 7 days).
	SegmentBytes      int64
	MaxPartitionBytes int64
	Retention         time.Duration
	// CleanInterval is the time between two looks for segments to remove; default 10 s.
	CleanInterval time.Duration

	// MaxBatchBytes limits one record batch; default 32 MiB.
	MaxBatchBytes int
	// MaxFrameBytes limits one request; default 64 MiB. What carries no records has limits of its own, 256 KiB for
	// most, 4 MiB for stream fetches, 17 MiB for what creates objects. A larger one closes its connection.
	MaxFrameBytes int
	// MaxFetchBytes limits one chunk of a stream, whatever the client asks for; default 16 MiB. A larger batch is sent alone.
	MaxFetchBytes int
	// MaxInFlightBytes limits the requests that are in memory at a time, of all connections, and, apart from them, the chunks and large
	// answers; default 128 MiB each, at least MaxFrameBytes. Of that for requests a quarter is kept for those of at most 2 MiB, half of
	// it for those of at most 64 KiB (1/64 and 1/2048). Who exceeds it waits; then peers that hold memory and move less than they could
	// are closed.
	MaxInFlightBytes int
	// MaxConnections limits open connections to both servers; default 4096. Another one is closed at once. A client has several: official
	// ones two or more, of ours two and some for each SPU and consumer.
	MaxConnections int
	// MaxStreams limits streams and watches of one connection; default 1024. Another one closes its connection.
	MaxStreams int
	// MaxServerStreams limits streams and watches of all connections to one of the two servers; default 65,536. Each takes some 7 KiB.
	// Another one closes its connection.
	MaxServerStreams int
	// MaxPartitions limits the partitions of all topics; default 4096. Each holds one open file.
	MaxPartitions int
	// MaxOpenSegments limits the files that are open beside those: older segments, opened when they are read; default 512.
	MaxOpenSegments int
	// MaxWriters is how many writers of producer sequences a partition remembers; default 10,000, at most 1,048,576. Over it the one is forgotten
	// that has written nothing for longest, and may then begin with any ordinal. Each takes some 0.2 to 0.5 KiB of memory. Apart from them it remembers as
	// many claims of writers, at some 0.2 KiB; over it the oldest is forgotten, and its writer has to be claimed again.
	MaxWriters int
	// MaxTotalWriters is how many writers all partitions remember together, and how many claims; default 250,000. Over it a partition that has 16 of
	// them forgets one of its own for each new one.
	MaxTotalWriters int
	// WriterRetention is how long a partition remembers a writer after its last batch; default 7 days.
	WriterRetention time.Duration
	// MaxSmartModuleBytes limits the code of all SmartModules together, as it is sent, and so what of them is kept in memory; default 48 MiB, so that
	// a list of all goes into one frame of 64 MiB. One may have 16 MiB.
	MaxSmartModuleBytes int64
	// StallTimeout is how long a peer may stay silent in the middle of a request, or not take an answer; default 30 s, and a second
	// more for each 64 KiB. Then its connection is closed.
	StallTimeout time.Duration

	// Logger takes warnings, and connections and their ends at debug level; default slog.Default().
	Logger *slog.Logger
	// Now is the clock behind retention and the times in stored consumer offsets; default time.Now.
	Now func() time.Time

	writers  *commitlog.Quota                                                      // of all partitions
	claims   *commitlog.Quota                                                      // of all partitions
	files    *commitlog.Files                                                      // bounds open segments, of all partitions
	openFile func(path string, flag int, perm os.FileMode) (commitlog.File, error) // opens segments; nil: as the log does
	syncDir  func(dir string) error                                                // forces the data folder to the disk
}

func (c Config) withDefaults() Config {
	setDefault(&c.SCAddr, "127.0.0.1:0")
	setDefault(&c.SPUAddr, "127.0.0.1:0")
	setDefault(&c.FlushInterval, time.Second)
	setDefault(&c.SegmentBytes, 1<<30)
	setDefault(&c.MaxPartitionBytes, 100<<30)
	setDefault(&c.Retention, 7*24*time.Hour)
	setDefault(&c.CleanInterval, 10*time.Second)
	setDefault(&c.MaxBatchBytes, 32<<20)
	setDefault(&c.MaxFrameBytes, 64<<20)
	setDefault(&c.MaxFetchBytes, 16<<20)
	setDefault(&c.MaxInFlightBytes, 128<<20)
	setDefault(&c.MaxConnections, 4096)
	setDefault(&c.MaxStreams, 1024)
	setDefault(&c.MaxServerStreams, 1<<16)
	setDefault(&c.MaxPartitions, 4096)
	setDefault(&c.MaxOpenSegments, 512)
	setDefault(&c.MaxWriters, 10_000)
	setDefault(&c.MaxTotalWriters, 250_000)
	setDefault(&c.WriterRetention, 7*24*time.Hour)
	setDefault(&c.MaxSmartModuleBytes, 48<<20)
	setDefault(&c.StallTimeout, 30*time.Second)
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.syncDir == nil {
		c.syncDir = commitlog.SyncDir
	}
	if c.files == nil {
		c.files = commitlog.NewFiles(c.MaxOpenSegments)
		c.writers, c.claims = commitlog.NewQuota(c.MaxTotalWriters), commitlog.NewQuota(c.MaxTotalWriters)
	}
	return c
}

func setDefault[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}

// Validate reports the first setting that cannot work, after defaults.
func (c Config) Validate() error {
	c = c.withDefaults()
	switch {
	case c.Dir == "":
		return errors.New("broker: no data folder (Config.Dir)")
	case c.TLS != nil && len(c.TLS.Certificates) == 0 && c.TLS.GetCertificate == nil && c.TLS.GetConfigForClient == nil:
		return errors.New("broker: TLS without a server certificate (Config.TLS.Certificates)")
	case c.Flush < FlushNone || c.Flush > FlushInterval:
		return fmt.Errorf("broker: unknown flush policy %d", c.Flush)
	case c.MaxInFlightBytes < c.MaxFrameBytes || c.MaxInFlightBytes < c.MaxFetchBytes || c.MaxInFlightBytes < c.MaxBatchBytes:
		return fmt.Errorf("broker: at most %d bytes in flight, yet one request may have %d, one chunk %d and one batch %d; raise MaxInFlightBytes",
			c.MaxInFlightBytes, c.MaxFrameBytes, c.MaxFetchBytes, c.MaxBatchBytes)
	}
	for _, n := range []struct {
		name  string
		value int64
	}{
		{"FlushInterval", int64(c.FlushInterval)}, {"SegmentBytes", c.SegmentBytes}, {"MaxPartitionBytes", c.MaxPartitionBytes},
		{"Retention", int64(c.Retention)}, {"CleanInterval", int64(c.CleanInterval)}, {"MaxBatchBytes", int64(c.MaxBatchBytes)},
		{"MaxFrameBytes", int64(c.MaxFrameBytes)}, {"MaxFetchBytes", int64(c.MaxFetchBytes)}, {"MaxConnections", int64(c.MaxConnections)},
		{"MaxStreams", int64(c.MaxStreams)}, {"MaxServerStreams", int64(c.MaxServerStreams)}, {"MaxPartitions", int64(c.MaxPartitions)},
		{"MaxOpenSegments", int64(c.MaxOpenSegments)}, {"MaxWriters", int64(c.MaxWriters)},
		{"MaxTotalWriters", int64(c.MaxTotalWriters)}, {"WriterRetention", int64(c.WriterRetention)},
		{"MaxSmartModuleBytes", c.MaxSmartModuleBytes},
		{"StallTimeout", int64(c.StallTimeout)},
	} {
		if n.value < 0 {
			return fmt.Errorf("broker: %s is negative", n.name)
		}
	}
	return nil
}

// logConfig is the configuration of a topic's logs.
func (c Config) logConfig(t topicRecord) commitlog.Config {
	lc := commitlog.Config{
		SegmentBytes:    c.SegmentBytes,
		MaxBytes:        c.MaxPartitionBytes,
		Retention:       c.Retention,
		MaxBatchBytes:   c.MaxBatchBytes,
		MaxWriters:      c.MaxWriters,
		WriterRetention: c.WriterRetention,
		Quota:           c.writers,
		SyncEach:        c.Flush == FlushEach,
		Files:           c.files,
		Logger:          c.Logger,
		Now:             c.Now,
		OpenFile:        c.openFile,
	}
	if t.RetentionSeconds != nil {
		lc.Retention = time.Duration(*t.RetentionSeconds) * time.Second
	}
	if s := t.Storage; s != nil && s.SegmentBytes != nil {
		lc.SegmentBytes = int64(*s.SegmentBytes)
	}
	if s := t.Storage; s != nil && s.MaxPartitionBytes != nil {
		lc.MaxBytes = int64(min(*s.MaxPartitionBytes, 1<<62))
	}
	return lc
}
