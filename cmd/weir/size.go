package main

import (
	"fmt"
	"strconv"

	"github.com/spf13/pflag"

	"github.com/weir-stream/weir/host/option"
)

// size is a flag in bytes: 65536, 64KB, 1MB; units are powers of 1024.
type size struct{ n *int }

var _ pflag.Value = size{}

func newSize(n *int) size { return size{n} }

func (s size) String() string {
	if s.n == nil || *s.n == 0 {
		return ""
	}
	return strconv.Itoa(*s.n)
}

func (s size) Set(text string) error {
	n, ok := option.ParseSize(text)
	if !ok || n < 1 || n > 1<<31-1 {
		return fmt.Errorf("want a size from 1 byte to 2 GiB, such as 64KB")
	}
	*s.n = int(n)
	return nil
}

func (s size) Type() string { return "SIZE" }
