//go:build !race

package evil

// residentMargin is how much more memory may be resident afterwards: Go gives pages back late and in pieces.
const residentMargin = 32 << 20
