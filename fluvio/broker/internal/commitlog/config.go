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
	// SyncEach forces every append to the disk before it is acknowledged or served; default false.
	SyncEach bool
	// Logger gets a warning for every repair; default slog.Default().
	Logger *slog.Logger
	// Now is the clock behind retention; default time.Now.
	Now func() time.Time
	// OpenFile opens a segment; default os.OpenFile. Tests put failing files here.
	OpenFile func(path string, flag int, perm os.FileMode) (File, error)
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
