package protocol

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"unicode"
)

// shownMessage is a message as JSON has it, its fields by their names in the definitions: unions as {"tag", "value"},
// enums by name, bytes in hex, durations in nanoseconds.
func shownMessage(m Message) any { return shown(reflect.ValueOf(m).Elem(), false) }

// shown renders v; optional says that nil is not the same as empty.
func shown(v reflect.Value, optional bool) any {
	if v.Type() == isolationType {
		return map[ProduceIsolation]string{
			ProduceReadUncommitted: "ReadUncommitted", ProduceReadCommitted: "ReadCommitted",
		}[v.Interface().(ProduceIsolation)]
	}
	if _, ok := enumValues[v.Type()]; ok {
		return name(v)
	}
	if _, ok := unionPayloads[v.Type()]; ok {
		return shownUnion(v)
	}
	switch v.Kind() {
	case reflect.Bool:
		return v.Bool()
	case reflect.String:
		return v.String()
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nil
		}
		return shown(v.Elem(), false)
	case reflect.Struct:
		return shownStruct(v)
	case reflect.Map:
		entries := map[string]any{}
		for it := v.MapRange(); it.Next(); {
			entries[fmt.Sprint(it.Key())] = shown(it.Value(), false)
		}
		return entries
	case reflect.Slice:
		return shownSlice(v, optional)
	}
	if v.CanInt() {
		return json.Number(fmt.Sprint(v.Int())) // time.Duration too
	}
	return json.Number(fmt.Sprint(v.Uint()))
}

// name of an enum's value or a union's tag.
func name(v reflect.Value) string { return v.Interface().(fmt.Stringer).String() }

func shownUnion(v reflect.Value) any {
	fields := map[string]any{"tag": name(v.FieldByName("Tag"))}
	if value := v.FieldByName("Value"); !value.IsNil() {
		fields["value"] = shown(value, false)
	}
	return fields
}

func shownStruct(v reflect.Value) any {
	fields := map[string]any{}
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if field.Name == "Unknown" && v.Field(i).IsNil() {
			continue
		}
		fields[snake(field.Name)] = shown(v.Field(i), optionalLists[v.Type().Name()+"."+field.Name])
	}
	return fields
}

func shownSlice(v reflect.Value, optional bool) any {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		return hex.EncodeToString(v.Bytes())
	}
	if v.IsNil() && optional {
		return nil
	}
	list := []any{}
	for i := range v.Len() {
		list = append(list, shown(v.Index(i), false))
	}
	return list
}

// snake is a Go name as the definitions have it: APIKey becomes api_key.
func snake(name string) string {
	var b strings.Builder
	for i, c := range name {
		if unicode.IsUpper(c) {
			lowerBefore := i > 0 && !unicode.IsUpper(rune(name[i-1]))
			lowerAfter := i > 0 && i+1 < len(name) && unicode.IsLower(rune(name[i+1]))
			if lowerBefore || lowerAfter {
				b.WriteByte('_')
			}
			c = unicode.ToLower(c)
		}
		b.WriteRune(c)
	}
	return b.String()
}

func sameJSON(a, b any) bool { return reflect.DeepEqual(a, b) }

// shapes is which of the forms that fields and types can have were seen.
type shapes map[string]bool

// note adds those of a message.
func (s shapes) note(m Message) { s.walk(reflect.ValueOf(m).Elem(), "") }

// walk adds those of a value; where names the field that holds it, if it is one.
func (s shapes) walk(v reflect.Value, where string) {
	t := v.Type()
	if where != "" {
		switch v.Kind() {
		case reflect.Bool:
			s[fmt.Sprintf("%s %v", where, v.Bool())] = true
		case reflect.Pointer:
			s[fmt.Sprintf("%s %s", where, presence(!v.IsNil()))] = true
		case reflect.Slice, reflect.Map:
			s[fmt.Sprintf("%s %s", where, presence(v.Len() > 0))] = true
		}
	}
	if _, ok := enumValues[t]; ok {
		s[t.Name()+" "+name(v)] = true
		return
	}
	if _, ok := unionPayloads[t]; ok {
		s[t.Name()+" "+name(v.FieldByName("Tag"))] = true
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			s.walk(v.Elem(), "")
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if name := t.Field(i).Name; name != "Unknown" {
				s.walk(v.Field(i), t.Name()+"."+name)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			s.walk(v.Index(i), "")
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			s.walk(it.Value(), "")
		}
	}
}

func presence(there bool) string {
	if there {
		return "present"
	}
	return "absent"
}

// missing is what was not seen: of fields the other form, of enums and unions any.
func (s shapes) missing() map[string]bool {
	missing := map[string]bool{}
	want := func(shape string) {
		if !s[shape] {
			missing[shape] = true
		}
	}
	for shape := range s {
		where, form, _ := cutLast(shape, " ")
		switch form {
		case "true", "false":
			want(where + " true")
			want(where + " false")
		case "present", "absent":
			want(where + " present")
			want(where + " absent")
		}
	}
	for t, values := range enumValues {
		for _, n := range values {
			want(t.Name() + " " + name(reflect.ValueOf(n).Convert(t)))
		}
	}
	for t, payloads := range unionPayloads {
		for n := range payloads {
			tag, _ := t.FieldByName("Tag")
			want(t.Name() + " " + name(reflect.ValueOf(n).Convert(tag.Type)))
		}
	}
	return missing
}
