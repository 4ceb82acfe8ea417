//go:build !unix

package fileconn

// writable leaves it to who writes to find out.
func writable(string) error { return nil }
