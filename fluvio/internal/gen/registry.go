package main

import "slices"

// registry writes the keys and the table of requests by server and key.
func (e *emitter) registry() {
	var requests []*Item
	for _, it := range e.set.items {
		if it.API != nil {
			requests = append(requests, it)
		}
	}
	slices.SortFunc(requests, func(a, b *Item) int { return a.API.Key - b.API.Key })
	e.p("// The keys of requests. A key means nothing without the server it is sent to.")
	e.p("const (")
	for _, it := range requests {
		e.p("Key%s uint16 = %d", it.API.Name, it.API.Key)
	}
	e.p(")\n\n// apis is every request of every server, in order of keys.\nvar apis = []API{")
	for _, it := range requests {
		for _, server := range it.API.Servers {
			a := it.API
			e.p("{%s, %q, Key%s, %d, %d,", server, a.Name, a.Name, a.Min, a.Max)
			e.p("func() Request { return new(%s) }},", it.Name)
		}
	}
	e.p("}")
}

// tables writes, for tests only, what reflection cannot find out: which values an
// enum has, which payload belongs to which tag, and which lists may be absent.
func (e *emitter) tables() {
	e.p("// enumValues holds the numbers of every enum.\nvar enumValues = map[reflect.Type][]int64{")
	for _, it := range e.set.items {
		if it.What == "enum" {
			e.p("reflect.TypeFor[%s](): {%s},", it.Name, tagList(it))
		}
	}
	e.p("}\n\n// unionPayloads holds an empty payload, or nil, for every tag of every union.")
	e.p("var unionPayloads = map[reflect.Type]map[int64]Message{")
	for _, it := range e.set.items {
		if it.What != "union" {
			continue
		}
		e.p("reflect.TypeFor[%s](): {", it.Name)
		for _, m := range it.Members {
			if m.Payload == "" {
				e.p("%d: nil,", m.Tag)
			} else {
				e.p("%d: new(%s),", m.Tag, m.Payload)
			}
		}
		e.p("},")
	}
	e.p("}\n\n// optionalLists names the fields whose nil is not an empty list or map.\nvar optionalLists = map[string]bool{")
	for _, it := range e.set.items {
		for _, f := range it.Fields {
			if f.Type.Form == Option && (f.Type.Elem.Form == List || f.Type.Elem.Form == Map) {
				e.p("%q: true,", it.Name+"."+f.Name)
			}
		}
	}
	e.p("}")
}

func tagList(it *Item) string {
	var b []byte
	for _, m := range it.Members {
		b = append(b, itoa(m.Tag)+", "...)
	}
	return string(b)
}
