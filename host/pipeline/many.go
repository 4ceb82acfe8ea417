package pipeline

import (
	"sync"
	"sync/atomic"
)

// several calls do for each number below n, in order, for at most so many at a time, and returns the error of the lowest number that has one.
// Behind an error none is begun any more.
func several(n, atOnce int, do func(i int) error) error {
	errs := make([]error, n)
	free := make(chan struct{}, atOnce)
	var running sync.WaitGroup
	var failed atomic.Bool
	for i := range n {
		free <- struct{}{}
		if failed.Load() {
			break
		}
		running.Go(func() {
			if errs[i] = do(i); errs[i] != nil {
				failed.Store(true)
			}
			<-free
		})
	}
	running.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
