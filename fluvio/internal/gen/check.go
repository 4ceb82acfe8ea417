package main

import (
	"errors"
	"fmt"
)

// Set is all definitions together.
type Set struct {
	items  []*Item
	byName map[string]*Item
}

// Check puts items together and refuses what parses but means nothing.
func Check(items []*Item) (*Set, error) {
	s := &Set{items, map[string]*Item{}}
	for _, it := range items {
		if other := s.byName[it.Name]; other != nil {
			return nil, it.Pos.errorf("%s is defined already, at %s:%d", it.Name, other.Pos.File, other.Pos.Line)
		}
		s.byName[it.Name] = it
	}
	keys := map[string]*Item{}
	var errs []error
	for _, it := range items {
		errs = append(errs, s.checkFields(it), s.checkMembers(it), s.checkAPI(it, keys))
		if _, err := s.size(it, nil); err != nil {
			errs = append(errs, err)
		}
	}
	return s, errors.Join(errs...)
}

func (s *Set) checkFields(it *Item) error {
	seen := map[string]bool{}
	for _, f := range it.Fields {
		if seen[f.Name] {
			return f.Pos.errorf("field %s occurs twice", f.Name)
		}
		seen[f.Name] = true
		for t := f.Type; t != nil; t = t.Elem {
			if t.Form != Named {
				continue
			}
			ref := s.byName[t.Name]
			switch {
			case ref == nil:
				return f.Pos.errorf("type %s is not defined", t.Name)
			case ref.What == "request" || ref.What == "response":
				return f.Pos.errorf("%s is a message, not a type", t.Name)
			case ref.Typed && !it.Typed:
				return f.Pos.errorf("%s is typed and may occur only in what is typed", t.Name)
			}
		}
	}
	return nil
}

func (s *Set) checkMembers(it *Item) error {
	names, tags := map[string]bool{}, map[int]bool{}
	low, high := 0, 255
	if it.Base == "i16" {
		low, high = -1<<15, 1<<15-1
	}
	for _, m := range it.Members {
		if m.Tag < low || m.Tag > high {
			return m.Pos.errorf("tag %d does not fit %s", m.Tag, it.Base)
		}
		if names[m.Name] || tags[m.Tag] {
			return m.Pos.errorf("variant %d %s occurs twice", m.Tag, m.Name)
		}
		names[m.Name], tags[m.Tag] = true, true
		if m.Payload == "" {
			continue
		}
		if ref := s.byName[m.Payload]; ref == nil || ref.Typed || (ref.What != "struct" && ref.What != "union") {
			return m.Pos.errorf("payload %s is not a struct or union", m.Payload)
		}
	}
	if it.Base != "" && !tags[0] {
		return it.Pos.errorf("%s has no variant 0, which Go's zero value stands for", it.Name)
	}
	return nil
}

func (s *Set) checkAPI(it *Item, keys map[string]*Item) error {
	if it.API == nil {
		return nil
	}
	for _, server := range it.API.Servers {
		id := fmt.Sprintf("%s key %d", server, it.API.Key)
		if other := keys[id]; other != nil {
			return it.Pos.errorf("%s is %s already", id, other.Name)
		}
		keys[id] = it
	}
	if ref := s.byName[it.API.Answer]; ref == nil || (ref.What != "response" && ref.What != "struct") {
		return it.Pos.errorf("answer %s is not defined", it.API.Answer)
	}
	return nil
}

// size is the fewest bytes that an item takes at any version. The items that it
// occurs in are in outer.
func (s *Set) size(it *Item, outer []*Item) (int, error) {
	if it.size != nil {
		return *it.size, nil
	}
	for _, o := range outer {
		if o == it {
			return 0, it.Pos.errorf("%s contains itself", it.Name)
		}
	}
	outer = append(outer, it)
	n := it.Min
	if it.Base != "" {
		n += scalars[it.Base].Size
	}
	for _, f := range it.Fields {
		size, err := s.typeSize(f.Type, outer)
		if err != nil {
			return 0, err
		}
		if f.Gate == nil {
			n += size
		}
	}
	for _, m := range it.Members {
		if ref := s.byName[m.Payload]; ref != nil {
			if _, err := s.size(ref, outer); err != nil {
				return 0, err
			}
		}
	}
	it.size = &n
	return n, nil
}

// typeSize is the fewest bytes that a value of a type takes.
func (s *Set) typeSize(t *Type, outer []*Item) (int, error) {
	switch t.Form {
	case Scalar:
		return scalars[t.Name].Size, nil
	case Named:
		if ref := s.byName[t.Name]; ref != nil {
			return s.size(ref, outer)
		}
		return 0, nil
	}
	_, err := s.typeSize(t.Elem, outer)
	return map[Form]int{Option: 1, List: 4, Map: 2}[t.Form], err
}
