//go:build linux

package chaos

import (
	"bufio"
	"fmt"
	"os"

	"github.com/klauspost/compress/zstd"
)

// readFlights returns all flight records.
func readFlights() ([]string, error) {
	f, err := os.Open("../../examples/data/flights.ndjson.zst")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	unpacked, err := zstd.NewReader(f)
	if err != nil {
		return nil, err
	}
	defer unpacked.Close()
	out := make([]string, 0, allFlights)
	in := bufio.NewScanner(unpacked)
	for in.Scan() {
		out = append(out, in.Text())
	}
	if len(out) != allFlights {
		return nil, fmt.Errorf("%d flights, want %d: %v", len(out), allFlights, in.Err())
	}
	return out, in.Err()
}
