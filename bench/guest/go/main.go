// Command go holds programs in Go whose speed is compared with metering and without. Each takes how much to do and returns a number
// that depends on all of it.
package main

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"regexp"
	"slices"
	"strings"
)

func main() {}

type person struct {
	ID    int               `json:"id"`
	Name  string            `json:"name"`
	Tags  []string          `json:"tags"`
	Score float64           `json:"score"`
	More  map[string]string `json:"more"`
}

// document is JSON, text has addresses in it, both made once.
var (
	document []byte
	text     string
)

func prepare() {
	if document != nil {
		return
	}
	var people []person
	for i := range 200 {
		people = append(people, person{i, fmt.Sprintf("name-%d", i), []string{"a", "bb", "ccc"}, float64(i) * 1.25,
			map[string]string{"k": "v", "x": fmt.Sprint(i)}})
	}
	document, _ = json.Marshal(people)
	var words strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&words, "user%d foo%c@bar.com some other words %d ", i, 'a'+i%26, i*i)
	}
	text = words.String()
}

// parse reads JSON by reflection. It panics where it can't, which ends the benchmark.
//
//go:wasmexport parse
func parse(n uint32) (total uint64) {
	prepare()
	for range n {
		var people []person
		if err := json.Unmarshal(document, &people); err != nil {
			panic(err)
		}
		total += uint64(len(people)) + uint64(people[7].Score)
	}
	return total
}

// write makes JSON by reflection. It panics where it can't.
//
//go:wasmexport write
func write(n uint32) (total uint64) {
	prepare()
	var people []person
	if err := json.Unmarshal(document, &people); err != nil {
		panic(err)
	}
	for k := range n {
		people[0].ID = int(k)
		written, err := json.Marshal(people)
		if err != nil {
			panic(err)
		}
		total += uint64(len(written))
	}
	return total
}

var address = regexp.MustCompile(`([a-z]+)@([a-z]+)\.(com|org)`)

// match runs a regular expression over text.
//
//go:wasmexport match
func match(n uint32) (total uint64) {
	prepare()
	for range n {
		total += uint64(len(address.FindAllStringIndex(text, -1)))
	}
	return total
}

// sort sorts numbers.
//
//go:wasmexport sort
func sort(n uint32) (total uint64) {
	for k := range n {
		numbers := make([]int, 20000)
		x := k + 1
		for i := range numbers {
			x ^= x << 13
			x ^= x >> 17
			x ^= x << 5
			numbers[i] = int(x)
		}
		slices.SortFunc(numbers, cmp.Compare[int])
		total += uint64(numbers[100])
	}
	return total
}

// hash is FNV-1a: a loop over bytes, each turn a multiplication that the next one waits for.
//
//go:wasmexport hash
func hash(n uint32) uint64 {
	prepare()
	h := fnv.New64a()
	for range n * 10 {
		_, _ = h.Write(document) // never fails
	}
	return h.Sum64()
}

// digest is SHA-256.
//
//go:wasmexport digest
func digest(n uint32) (total uint64) {
	prepare()
	for range n {
		sum := sha256.Sum256(document)
		total += uint64(sum[0])
	}
	return total
}

// words counts words by a map.
//
//go:wasmexport words
func words(n uint32) (total uint64) {
	prepare()
	for range n {
		counts := map[string]int{}
		for word := range strings.FieldsSeq(text) {
			counts[word]++
		}
		total += uint64(len(counts))
	}
	return total
}

// add adds bytes up: the shortest loop.
//
//go:wasmexport add
func add(n uint32) (total uint64) {
	prepare()
	for range n * 100 {
		for _, b := range document {
			total += uint64(b)
		}
	}
	return total
}

var (
	counter uint64
	seen    = map[string]int{}
)

// state depends on every call before.
//
//go:wasmexport state
func state(n uint32) uint64 {
	for range n * 1000 {
		counter = counter*6364136223846793005 + 1442695040888963407
		seen[fmt.Sprint(counter%1000)]++
	}
	return counter + uint64(len(seen)) + uint64(seen["7"])
}
