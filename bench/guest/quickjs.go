package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// QuickJS as published is made for the glue that comes with it, which gives its functions short names; these are the ones in use here, of
// version 0.32.0 of the package.
const (
	quickjsConstructors = "u"
	quickjsMalloc       = "v"
	quickjsFree         = "M"
	quickjsNewRuntime   = "K"
	quickjsNewContext   = "N"
	quickjsEval         = "pa"
	quickjsNumber       = "Z"
)

// openQuickJS makes a context with the programs in it.
func openQuickJS(i instance) (caller, error) {
	if _, err := i.call(quickjsConstructors); err != nil {
		return nil, err
	}
	runtime, err := i.call(quickjsNewRuntime)
	if err != nil {
		return nil, err
	}
	context, err := i.call(quickjsNewContext, runtime, 0)
	if err != nil {
		return nil, err
	}
	if _, err := evaluate(i, context, programsInJavaScript+"\n0"); err != nil {
		return nil, err
	}
	return func(p program) (uint64, error) { return evaluate(i, context, fmt.Sprintf("%s(%d)", p.name, p.n)) }, nil
}

// evaluate runs a script whose value is a number.
func evaluate(i instance, context uint64, script string) (uint64, error) {
	const file = "programs.js"
	text := script + "\x00" + file + "\x00"
	at, err := i.call(quickjsMalloc, uint64(len(text)))
	if err != nil {
		return 0, err
	}
	copy(i.memory()[at:], text)
	value, err := i.call(quickjsEval, context, at, uint64(len(script)), at+uint64(len(script))+1, 0, 0)
	if err != nil {
		return 0, err
	}
	number, err := i.call(quickjsNumber, context, value)
	if err != nil {
		return 0, err
	}
	if math.IsNaN(math.Float64frombits(number)) {
		return 0, errors.New("the script has no number for a value; it may have thrown")
	}
	_, err = i.call(quickjsFree, at)
	return number, err
}

// Sections of the binary format, and kinds of imports and exports.
const (
	sectionImport = 2
	sectionMemory = 5
	sectionGlobal = 6
	kindMemory    = 2
)

// ownMemory makes a module that imports its memory, as the only one of its imports that is not a function, define it. Such a module could not
// be run on an engine whose memories are its own.
func ownMemory(wasm []byte) ([]byte, error) {
	errBroken := errors.New("not a module that imports its memory last")
	if len(wasm) < 8 {
		return nil, errBroken
	}
	out, rest := wasm[:8:8], wasm[8:]
	var memory []byte
	for len(rest) > 0 {
		id := rest[0]
		size, n := binary.Uvarint(rest[1:])
		if n <= 0 || size > uint64(len(rest)-1-n) {
			return nil, errBroken
		}
		body := rest[1+n : 1+n+int(size)]
		rest = rest[1+n+int(size):]
		if id == sectionImport {
			if body, memory = cutMemory(body); memory == nil {
				return nil, errBroken
			}
		}
		if id >= sectionGlobal && memory != nil {
			out = appendSection(out, sectionMemory, append([]byte{1}, memory...))
			memory = nil
		}
		out = appendSection(out, id, body)
	}
	return out, nil
}

// cutMemory takes the memory out of an import section whose other imports are functions, and returns its limits. The names of the module and
// its imports are short, which is all that the published module asks for.
func cutMemory(body []byte) (without, limits []byte) {
	count, at := binary.Uvarint(body)
	for k := uint64(0); k < count; k++ {
		begin := at
		for range 2 { // module and name
			size, n := binary.Uvarint(body[at:])
			at += n + int(size)
		}
		importKind := body[at]
		at++
		begins := at
		if importKind == kindMemory {
			for range 1 + 1 + int(body[at]&1) { // flags, least, most
				_, n := binary.Uvarint(body[at:])
				at += n
			}
			without = append(binary.AppendUvarint(nil, count-1), body[len(binary.AppendUvarint(nil, count)):begin]...)
			return append(without, body[at:]...), body[begins:at]
		}
		_, n := binary.Uvarint(body[at:]) // the function's type
		at += n
	}
	return body, nil
}

func appendSection(out []byte, id byte, body []byte) []byte {
	out = binary.AppendUvarint(append(out, id), uint64(len(body)))
	return append(out, body...)
}
