package abi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// object is a JSON object with its keys in order.
type object struct {
	keys   []string
	values map[string]any // string, json.Number, bool, nil, *object or []any
}

const deepest = 32 // nesting of a manifest

// parseStrict reads JSON and nothing but JSON: encoding/json alone takes duplicate keys, keys in another case and broken
// UTF-8.
func parseStrict(text []byte) (any, error) {
	if !utf8.Valid(text) {
		return nil, errors.New("not UTF-8")
	}
	if err := json.Unmarshal(text, new(json.RawMessage)); err != nil {
		return nil, err // the token reader below lets some commas pass
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return readValue(d, 0)
}

func readValue(d *json.Decoder, depth int) (any, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	delim, nested := token.(json.Delim)
	if !nested {
		return token, nil
	}
	if depth == deepest {
		return nil, fmt.Errorf("nested deeper than %d", deepest)
	}
	if delim == '[' {
		list := []any{}
		for d.More() {
			v, err := readValue(d, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err := d.Token()
		return list, err
	}
	o := &object{values: map[string]any{}}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return nil, err
		}
		key := token.(string) // the decoder refuses any other key
		if _, taken := o.values[key]; taken {
			return nil, fmt.Errorf("key %q stands twice in one object", shorten(key))
		}
		o.keys = append(o.keys, key)
		if o.values[key], err = readValue(d, depth+1); err != nil {
			return nil, err
		}
	}
	_, err = d.Token()
	return o, err
}
