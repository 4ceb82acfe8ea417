//go:build race

package evil

// residentMargin is out of reach: the race detector keeps a shadow of all memory that was ever used.
const residentMargin = 1 << 40
