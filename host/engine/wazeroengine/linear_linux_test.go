//go:build amd64 || arm64 || loong64 || ppc64 || ppc64le || riscv64 || s390x

package wazeroengine

import (
	"os"
	"testing"
)

// TestChangesAreFoundWhereverTheStackIs asks for more runs of pages than fit into one answer, from stacks that grow and move at every
// point in between.
func TestChangesAreFoundWhereverTheStackIs(t *testing.T) {
	const runs = 200
	memories(t, func(t *testing.T, pages *pagemap) {
		if pages == nil {
			return
		}
		size := os.Getpagesize()
		most := (2*runs*size + page - 1) / page * page
		l := grown(t, pages, most, most)
		defer func() { _ = l.release() }()
		for i := range runs {
			l.space[2*i*size] = 1
		}
		for depth := range 300 {
			found, wrong := 0, 0
			done := make(chan error)
			go func() {
				done <- below(depth, func() error {
					return pages.changed(l.space, func(at, end int) error {
						if at != 2*found*size || end != at+size {
							wrong++
						}
						found++
						return nil
					})
				})
			}()
			if err := <-done; err != nil || found != runs || wrong > 0 {
				t.Fatalf("%d frames down: %d runs, %d of them wrong, %v; want %d", depth, found, wrong, err, runs)
			}
		}
	})
}

// below calls f with so many frames on the stack.
//
//go:noinline
func below(depth int, f func() error) error {
	if depth == 0 {
		return f()
	}
	return below(depth-1, f)
}
