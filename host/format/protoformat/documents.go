package protoformat

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/schemaregistry"
	"github.com/weir-stream/weir/internal/fault"
)

// maxDocuments is how many of the registry's schemas are kept compiled, with maxSource bytes of text together; past it all are
// compiled anew.
const maxDocuments = 256

// problemKept is how long a schema that could not be compiled is not looked at again. What it refers to may come.
const problemKept = 10 * time.Second

// registered is what is known of a schema id.
type registered struct {
	*document
	wanted  protoreflect.FullName // what protobuf.message names; empty: it names none
	problem *format.DataError     // in place of the document
	until   time.Time             // the problem holds
}

// documents are the schemas whose ids records had. It is safe for concurrent use.
type documents struct {
	mu    sync.Mutex
	byID  map[int]*registered
	bytes int
}

func (s *documents) get(id int) *registered {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.byID[id]
	if r != nil && r.problem != nil && time.Now().After(r.until) {
		return nil
	}
	return r
}

func (s *documents) put(id int, r *registered) {
	size := 0
	if r.document != nil {
		size = r.size
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byID == nil || len(s.byID) >= maxDocuments || s.bytes+size > maxSource {
		s.byID, s.bytes = map[int]*registered{}, 0
	}
	s.byID[id] = r
	s.bytes += size
}

// written is the schema with an id that a record has. Without a registry there is only the local one, whatever the id. An error is a
// *format.DataError, or of class fault.Environment where the registry could not be asked.
func (f *protoFormat) written(id int) (*registered, error) {
	if f.client == nil {
		id = 0
	}
	r := f.documents.get(id)
	if r == nil {
		var err error
		if r, err = f.find(id); err != nil {
			return nil, err
		}
		f.documents.put(id, r)
	}
	if r.problem != nil {
		e := *r.problem
		return nil, &e
	}
	return r, nil
}

// find makes what is to be known of an id.
func (f *protoFormat) find(id int) (*registered, error) {
	if f.client == nil {
		doc, err := f.document()
		if err != nil {
			return nil, err
		}
		return f.registered(doc), nil
	}
	client, err := f.client()
	if err != nil {
		return nil, err
	}
	ctx := context.Background() // requests end with the client's timeout
	schema, err := client.ByID(ctx, id)
	if errors.Is(err, schemaregistry.ErrNotFound) {
		return nil, &format.DataError{Code: "protobuf.unknown_schema", Message: fmt.Sprintf("the registry has no schema %d", id)}
	}
	if err != nil {
		return nil, err
	}
	doc, err := fetched(ctx, client, schema)
	switch {
	case err == nil:
		return f.registered(doc), nil
	case fault.Of(err) == fault.Input:
		problem := &format.DataError{Code: "protobuf.schema", Message: err.Error()}
		return &registered{problem: problem, until: time.Now().Add(problemKept)}, nil
	}
	return nil, err
}

func (f *protoFormat) registered(doc *document) *registered {
	r := &registered{document: doc}
	if name := f.config.Message; name != "" {
		if m, err := doc.message(name); err == nil {
			r.wanted = m.FullName()
		}
	}
	return r
}
