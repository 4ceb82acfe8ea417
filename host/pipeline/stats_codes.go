package pipeline

import (
	"maps"
	"sync"
	"sync/atomic"
)

// MostCodes is how many codes a Codes tells apart. weir's own are fewer; a module may think up any number.
const MostCodes = 64

// OtherCode is what a Codes counts under once it knows MostCodes.
const OtherCode = "other"

// Codes counts by code, in bounded memory: the first MostCodes codes each, all others under OtherCode. The zero Codes is
// ready. It is safe for concurrent use, and counting a code that is known takes no lock.
type Codes struct {
	known atomic.Pointer[map[string]*atomic.Int64] // never changed once it is there
	other atomic.Int64
	mu    sync.Mutex // held to learn a code
}

// Add counts n under code.
func (c *Codes) Add(code string, n int64) { c.counter(code).Add(n) }

func (c *Codes) counter(code string) *atomic.Int64 {
	if known := c.known.Load(); known != nil {
		if counter := (*known)[code]; counter != nil {
			return counter
		}
		if len(*known) == MostCodes {
			return &c.other
		}
	}
	return c.learn(code)
}

func (c *Codes) learn(code string) *atomic.Int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	grown := map[string]*atomic.Int64{}
	if known := c.known.Load(); known != nil {
		if counter := (*known)[code]; counter != nil { // another lane was first
			return counter
		}
		if len(*known) == MostCodes {
			return &c.other
		}
		maps.Copy(grown, *known)
	}
	if code == OtherCode {
		return &c.other
	}
	counter := new(atomic.Int64)
	grown[code] = counter
	c.known.Store(&grown)
	return counter
}

// All are the counts so far, OtherCode among them where it has one. The map is the caller's.
func (c *Codes) All() map[string]int64 {
	all := map[string]int64{}
	if known := c.known.Load(); known != nil {
		for code, counter := range *known {
			all[code] = counter.Load()
		}
	}
	if n := c.other.Load(); n > 0 {
		all[OtherCode] = n
	}
	return all
}

// tally counts by code for one lane, until it is known that the counts are true. It grows to MostCodes and no further.
type tally map[string]int64

func (t tally) add(code string) {
	if _, known := t[code]; !known && len(t) >= MostCodes {
		code = OtherCode
	}
	t[code]++
}

// settle moves the counts to c.
func (t tally) settle(c *Codes) {
	for code, n := range t {
		c.Add(code, n)
	}
	clear(t)
}
