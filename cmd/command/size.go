package command

import (
	"fmt"
	"strconv"

	"github.com/spf13/pflag"

	"github.com/weir-stream/weir/host/option"
)

// size is a flag in bytes: 65536, 64KB, 1 MiB; units are powers of 1024.
type size[N int | int64 | uint32 | uint64] struct {
	n           *N
	least, most uint64
}

var _ pflag.Value = size[int]{}

// newSize is a size of at least so many bytes and up to 2 GiB.
func newSize(n *int, least uint64) size[int] { return size[int]{n, least, 1<<31 - 1} }

func (s size[N]) String() string {
	if s.n == nil || *s.n == 0 {
		return ""
	}
	return strconv.FormatUint(uint64(*s.n), 10)
}

func (s size[N]) Set(text string) error {
	n, ok := option.ParseSize(text)
	if !ok || n < 0 || uint64(n) < s.least || uint64(n) > s.most {
		return fmt.Errorf("want a size from %d to %d bytes, such as 64MB", s.least, s.most)
	}
	*s.n = N(n)
	return nil
}

func (s size[N]) Type() string { return "SIZE" }
