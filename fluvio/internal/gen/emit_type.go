package main

import "fmt"

// goType is the Go type for a field's type.
func (e *emitter) goType(t *Type) string {
	switch t.Form {
	case Scalar:
		return scalars[t.Name].Go
	case Option:
		if t.Elem.Form == List || t.Elem.Form == Map {
			return e.goType(t.Elem) // nil is none
		}
		return "*" + e.goType(t.Elem)
	case List:
		return "[]" + e.goType(t.Elem)
	case Map:
		return "map[" + e.goType(t.Key) + "]" + e.goType(t.Elem)
	}
	return t.Name
}

// append writes the statements that append x, which is addressable. Depth keeps
// the names of loop variables apart.
func (e *emitter) append(t *Type, x string, depth int) {
	switch t.Form {
	case Scalar:
		e.p("dst = wire.Append%s(dst, %s)", scalars[t.Name].Wire, x)
	case Named:
		ref := e.set.byName[t.Name]
		switch {
		case ref.Typed && ref.What == "custom":
			e.p("dst = append%s(dst, version, kind, %s)", t.Name, x)
		case ref.Typed:
			e.p("dst = %s.appendTo(dst, version, kind)", x)
		default:
			e.p("dst = %s.AppendTo(dst, version)", x)
		}
	case Option:
		e.p("dst = wire.AppendBool(dst, %s != nil)\nif %s != nil {", x, x)
		if t.Elem.Form == Scalar {
			x = "*" + x
		}
		e.append(t.Elem, x, depth)
		e.p("}")
	case List:
		i := fmt.Sprintf("i%d", depth)
		e.p("dst = wire.AppendCount(dst, len(%s))\nfor %s := range %s {", x, i, x)
		e.append(t.Elem, x+"["+i+"]", depth+1)
		e.p("}")
	case Map:
		k, v := fmt.Sprintf("k%d", depth), fmt.Sprintf("v%d", depth)
		e.p("dst = wire.AppendMapCount(dst, len(%s))", x)
		e.p("for _, %s := range mapKeys(%s) {\n%s := %s[%s]", k, x, v, x, k)
		e.append(t.Key, k, depth+1)
		e.append(t.Elem, v, depth+1)
		e.p("}")
	}
}

// read writes the statements that read into x, which is zero before.
func (e *emitter) read(t *Type, x string, depth int) {
	switch t.Form {
	case Scalar:
		e.p("%s = r.%s()", x, scalars[t.Name].Wire)
	case Named:
		ref := e.set.byName[t.Name]
		switch {
		case ref.Typed && ref.What == "custom":
			e.p("%s = read%s(r, version, kind)", x, t.Name)
		case ref.Typed:
			e.p("%s.readFrom(r, version, kind)", x)
		default:
			e.p("%s.ReadFrom(r, version)", x)
		}
	case Option:
		e.p("if r.Bool() {")
		switch t.Elem.Form {
		case List, Map:
			e.p("%s = %s{}", x, e.goType(t.Elem))
			e.read(t.Elem, x, depth)
		case Scalar:
			e.p("%s = new(%s)", x, e.goType(t.Elem))
			e.read(t.Elem, "*"+x, depth)
		default:
			e.p("%s = new(%s)", x, e.goType(t.Elem))
			e.read(t.Elem, x, depth)
		}
		e.p("}")
	case List:
		i := fmt.Sprintf("i%d", depth)
		e.p("if n := r.Count(%d); n > 0 {\n%s = make(%s, n)", e.minimum(t.Elem), x, e.goType(t))
		e.p("for %s := 0; %s < n && r.Err() == nil; %s++ {", i, i, i)
		e.read(t.Elem, x+"["+i+"]", depth+1)
		e.p("}\n}")
	case Map:
		k, v := fmt.Sprintf("k%d", depth), fmt.Sprintf("v%d", depth)
		e.p("if n := r.MapCount(%d); n > 0 {\n%s = make(%s, n)", e.minimum(t.Key)+e.minimum(t.Elem), x, e.goType(t))
		e.p("for range n {\nvar %s %s\nvar %s %s", k, e.goType(t.Key), v, e.goType(t.Elem))
		e.read(t.Key, k, depth+1)
		e.read(t.Elem, v, depth+1)
		e.p("%s[%s] = %s\n}\n}", x, k, v)
	}
}

// minimum is the fewest bytes of a value; Check has shown that it can be told.
func (e *emitter) minimum(t *Type) int {
	n, _ := e.set.typeSize(t, nil)
	return n
}
