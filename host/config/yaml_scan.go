package config

import (
	"errors"
	"fmt"
	"io"

	"github.com/goccy/go-yaml/scanner"
	"github.com/goccy/go-yaml/token"

	"github.com/weir-stream/weir/internal/fault"
)

// What a YAML file may hold at most. The library's parser recurses for each key of a mapping and each level, and needs the
// square of a mapping's keys in time, so tokens are counted before it sees them.
const (
	maxYAMLTokens = 100_000
	maxYAMLKeys   = 1024 // of one mapping
	maxYAMLDepth  = 16   // lists and mappings in one another
	maxYAMLKey    = 256  // bytes of a key
)

// notRead is what YAML has and a file of pipelines may not have.
var notRead = map[token.Type]string{
	token.AnchorType:     "anchors are not read; write the value where it is needed",
	token.AliasType:      "aliases are not read; write the value where it is needed",
	token.MergeKeyType:   "merge keys are not read; write the keys where they are needed",
	token.TagType:        "tags are not read; text that looks like a number needs quotes",
	token.MappingKeyType: "keys after ? are not read; write key: value",
	token.DirectiveType:  "directives are not read",
}

// scanYAML is a file's tokens, within the limits and without what is not read.
func scanYAML(file, src string) (tokens token.Tokens, err error) {
	var s scanner.Scanner
	var nest yamlNesting
	s.Init(src)
	for {
		some, end := s.Scan()
		switch {
		case errors.Is(end, io.EOF):
			return tokens, nil
		case end != nil && len(some) == 0: // there is a token that says what is wrong otherwise
			return nil, fault.Inputf("%s: the file can't be read as YAML", file)
		}
		for _, t := range some {
			problem := notRead[t.Type]
			switch {
			case problem != "":
			case t.Type == token.InvalidType:
				problem = legible(t.Error)
			case len(tokens) == maxYAMLTokens:
				problem = fmt.Sprintf("the file has more than %d keys, values and signs, the most that is read", maxYAMLTokens)
			default:
				problem = nest.take(t, tokens)
			}
			if problem != "" {
				return nil, yamlPlace(file, t).errorf("%s", problem)
			}
			tokens.Add(t)
		}
	}
}

// yamlNesting counts what is open.
type yamlNesting struct {
	open []collection
}

// collection is a list or a mapping. What is in brackets has no column.
type collection struct {
	column int
	list   bool
	flow   bool
	keys   int
}

// take counts the token t behind those before.
func (n *yamlNesting) take(t *token.Token, before token.Tokens) (problem string) {
	inFlow := len(n.open) > 0 && n.open[len(n.open)-1].flow
	switch t.Type {
	case token.DocumentHeaderType, token.DocumentEndType:
		n.open = nil
	case token.SequenceStartType, token.MappingStartType:
		n.open = append(n.open, collection{flow: true, list: t.Type == token.SequenceStartType})
	case token.SequenceEndType, token.MappingEndType:
		if inFlow {
			n.open = n.open[:len(n.open)-1]
		}
	case token.SequenceEntryType:
		if !inFlow {
			n.block(t.Position.Column, true)
		}
	case token.MappingValueType:
		problem = n.key(t, before, inFlow)
	}
	if len(n.open) > maxYAMLDepth {
		problem = fmt.Sprintf("lists and mappings nest deeper than %d, the most that is read", maxYAMLDepth)
	}
	return problem
}

// key counts the key before the colon t.
func (n *yamlNesting) key(t *token.Token, before token.Tokens, inFlow bool) (problem string) {
	column := t.Position.Column
	if len(before) > 0 {
		key := before[len(before)-1]
		column = key.Position.Column
		if len(key.Value) > maxYAMLKey {
			return fmt.Sprintf("a key has more than %d bytes, the most that is read", maxYAMLKey)
		}
	}
	if !inFlow {
		n.block(column, false)
	}
	top := &n.open[len(n.open)-1]
	if top.keys++; top.keys > maxYAMLKeys {
		return fmt.Sprintf("a mapping has more than %d keys, the most that is read", maxYAMLKeys)
	}
	return ""
}

// block closes what ends where an entry of a list or mapping stands at the column, and opens that list or mapping if it is new.
func (n *yamlNesting) block(column int, list bool) {
	for len(n.open) > 0 {
		top := n.open[len(n.open)-1]
		if top.flow || top.column < column || top.column == column && (top.list == list || list) {
			break
		}
		n.open = n.open[:len(n.open)-1]
	}
	if len(n.open) > 0 {
		if top := n.open[len(n.open)-1]; !top.flow && top.column == column && top.list == list {
			return
		}
	}
	n.open = append(n.open, collection{column: column, list: list})
}
