// Command gen turns guest-abi/abi.json into the Go constants of the host and of the Go guest SDK.
//
// Run it as `go generate ./host/abi`, or `go run ./guest-abi/gen` at the root of the repository; the test beside it fails
// when a generated file is not what abi.json says.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

// spec is abi.json as it is written. Unknown keys are errors, so that the file cannot say what nothing reads.
type spec struct {
	Version         int            `json:"version"`
	Marker          string         `json:"marker"`
	ImportModule    string         `json:"import_module"`
	ManifestSection string         `json:"manifest_section"`
	Constants       map[string]int `json:"constants"`
	Exports         []export       `json:"exports"`
	Imports         []function     `json:"imports"`
	OutputKinds     map[string]int `json:"output_kinds"`
	LogLevels       map[string]int `json:"log_levels"`
	Statuses        map[string]int `json:"statuses"`
	Limits          map[string]int `json:"limits"`
	Ceilings        map[string]int `json:"ceilings"`
	WASI            wasi           `json:"wasi"`
	Violations      []code         `json:"violations"`
	Exhaustions     []code         `json:"exhaustions"`
	Refusals        []code         `json:"refusals"`
}

type export struct {
	function
	Kind     string `json:"kind"`
	Required bool   `json:"required"`
}

type function struct {
	Name    string   `json:"name"`
	Params  []string `json:"params"`
	Results []string `json:"results"`
	Answer  string   `json:"answer"`
}

type wasi struct {
	Module  string     `json:"module"`
	Served  []function `json:"served"`
	Inert   []function `json:"inert"`
	Refused []string   `json:"refused"`
}

type code struct {
	Code    string `json:"code"`
	Meaning string `json:"meaning"`
}

// file is one generated file, its path relative to the repository's root.
type file struct {
	path   string
	source []byte
}

func parse(text []byte) (*spec, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	s := new(spec)
	if err := d.Decode(s); err != nil {
		return nil, fmt.Errorf("abi.json: %w", err)
	}
	return s, nil
}

func generate(root string) ([]file, error) {
	text, err := os.ReadFile(filepath.Join(root, "guest-abi", "abi.json"))
	if err != nil {
		return nil, err
	}
	s, err := parse(text)
	if err != nil {
		return nil, err
	}
	host, err := s.host()
	if err != nil {
		return nil, err
	}
	guest, err := s.goGuest()
	if err != nil {
		return nil, err
	}
	return []file{
		{filepath.Join("host", "abi", "spec.gen.go"), host},
		{filepath.Join("guest-abi", "go", "weir", "abi.gen.go"), guest},
	}, nil
}

func main() {
	root := flag.String("root", ".", "the repository's root")
	flag.Parse()
	files, err := generate(*root)
	for _, f := range files {
		if err == nil {
			err = os.WriteFile(filepath.Join(*root, f.path), f.source, 0o644)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}
