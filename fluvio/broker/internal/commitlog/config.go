package commitlog

import (
	"io"
	"log/slog"
	"os"
	"time"
)

// Config of a log. Zero values stand for the defaults.
type Config struct {
	// SegmentBytes is the size at which a new segment is begun; default 1 GiB. One append is never split, so a segment may be larger by one append.
	SegmentBytes int64
	// MaxBytes is the size of the whole log over which Clean removes closed segments; default 100 GiB.
	MaxBytes int64
	// Retention is the age of its last write at which Clean removes a closed segment; default 7 days.
	Retention time.Duration
	// MaxBatchBytes limits one batch, header included; default 32 MiB, which is Fluvio's max_request_size.
	MaxBatchBytes int
	// MaxWriters is how many writers of producer sequences are remembered, at most 1,048,576; default 10,000. Over it the one is forgotten that
	// has appended nothing for longest. Each takes some 0.2 to 0.5 KiB of memory.
	MaxWriters int
	// WriterRetention is how long a writer is remembered after its last append; default 7 days.
	WriterRetention time.Duration
	// Quota bounds the writers of all logs with the same Quota; default no such bound.
	Quota *Quota
	// SyncEach forces every append to the disk before it is acknowledged or served; default false.
	SyncEach bool
	// Files bounds the closed segments that are open at a time, of all logs with the same Files; default a bound of 64 for this log alone.
	Files *Files
	// Logger gets a warning for every repair; default slog.Default().
	Logger *slog.Logger
	// Now is the clock behind retention and the forgetting of writers; default time.Now.
	Now func() time.Time
	// OpenFile opens a segment; default os.OpenFile. Tests put failing files here.
	OpenFile func(path string, flag int, perm os.FileMode) (File, error)

	snapshotBytes int64 // appended between two snapshots of the writers, whatever their size; tests set it
}

// File is what the log needs of a segment file.
type File interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	Stat() (os.FileInfo, error)
	Sync() error
	Truncate(size int64) error
}

func (c Config) withDefaults() Config {
	if c.SegmentBytes <= 0 {
		c.SegmentBytes = 1 << 30
	}
	if c.MaxBytes <= 0 {
		c.MaxBytes = 100 << 30
	}
	if c.Retention <= 0 {
		c.Retention = 7 * 24 * time.Hour
	}
	if c.MaxBatchBytes <= 0 {
		c.MaxBatchBytes = 32 << 20
	}
	if c.MaxWriters <= 0 {
		c.MaxWriters = 10_000
	}
	c.MaxWriters = min(c.MaxWriters, maxWriters)
	if c.WriterRetention <= 0 {
		c.WriterRetention = 7 * 24 * time.Hour
	}
	if c.Files == nil {
		c.Files = NewFiles(64)
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.OpenFile == nil {
		c.OpenFile = func(path string, flag int, perm os.FileMode) (File, error) { return os.OpenFile(path, flag, perm) }
	}
	return c
}
