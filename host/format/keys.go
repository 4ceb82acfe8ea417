package format

import "slices"

// fewKeys is up to how many keys each is compared with each.
const fewKeys = 16

// Repeats reports whether two of the hashes of a map's keys are equal. It may reorder them.
func Repeats(hashes []uint64) bool {
	if len(hashes) > fewKeys {
		slices.Sort(hashes)
		for i := 1; i < len(hashes); i++ {
			if hashes[i] == hashes[i-1] {
				return true
			}
		}
		return false
	}
	for i, h := range hashes {
		if slices.Contains(hashes[:i], h) {
			return true
		}
	}
	return false
}
