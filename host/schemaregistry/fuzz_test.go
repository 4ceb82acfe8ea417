package schemaregistry

import (
	"bytes"
	"errors"
	"testing"

	"github.com/weir-stream/weir/internal/fault"
)

// FuzzHeader: any bytes are a header and what follows, from which they can be made again, or a *HeaderError.
func FuzzHeader(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x00\x07x"))
	f.Add([]byte("\x00\x00\x00"))
	f.Add([]byte(`{"a":1}`))
	f.Fuzz(func(t *testing.T, frame []byte) {
		id, rest, err := CutHeader(frame)
		var bad *HeaderError
		switch {
		case err == nil && !bytes.Equal(append(AppendHeader(nil, id), rest...), frame):
			t.Errorf("%x is id %d and %x", frame, id, rest)
		case err != nil && (!errors.As(err, &bad) || bad.Code == "" || bad.Message == ""):
			t.Errorf("%x: %v", frame, err)
		}
	})
}

// FuzzAnswer: whatever a registry says is a schema or an error that has a class, and a bounded text.
func FuzzAnswer(f *testing.F) {
	for _, body := range []string{
		`{"schema":"{\"type\":\"string\"}"}`, `{"subject":"s","version":1,"id":5,"schemaType":"PROTOBUF","schema":"x","references":[{"name":"n","subject":"m","version":2}]}`,
		`{"error_code":40403,"message":"Schema 5 not found"}`, `{"id":-1}`, `<html>`, ``, `{"schema":5}`, `[]`,
		`{"schema":"a","references":[{"name":"n","subject":"s","version":1}],"id":99999999999999999999}`,
	} {
		f.Add(uint16(200), body)
		f.Add(uint16(404), body)
	}
	f.Add(uint16(401), `{"error_code":40101,"message":"the token is wrong"}`)
	f.Fuzz(func(t *testing.T, status uint16, body string) {
		if status = 200 + status%400; status >= 500 || status == 408 || status == 425 || status == 429 || status >= 300 && status < 400 {
			status = 200 // others are asked for again, or lead elsewhere
		}
		c, _ := scripted(t, says(int(status), body))
		check := func(what string, err error) {
			if err == nil {
				return
			}
			if class := fault.Of(err); class != fault.Input && class != fault.Environment || len(err.Error()) > 2000 {
				t.Errorf("%s: %d %.200q: class %v, %v", what, status, body, fault.Of(err), err)
			}
		}
		s, err := c.ByID(t.Context(), 5)
		check("by id", err)
		if err == nil {
			_, err = c.References(t.Context(), s)
			check("references", err)
		}
		_, err = c.Latest(t.Context(), "s")
		check("latest", err)
		_, err = c.Register(t.Context(), "s", Schema{Text: `"int"`})
		check("register", err)
	})
}
