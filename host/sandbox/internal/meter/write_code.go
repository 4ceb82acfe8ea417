package meter

import (
	"fmt"

	"github.com/weir-stream/weir/host/sandbox/internal/wasm"
)

func (w *writer) codeSection(b []byte, maxBody int) ([]byte, *wasm.Error) {
	_, helpers, _ := w.helpers()
	b = appendU32(b, uint32(len(w.funcs)+len(helpers)))
	for i := range w.funcs {
		w.function(i)
		if len(w.body) > maxBody {
			return b, &wasm.Error{Reason: wasm.Limit, Offset: w.m.Bodies[i].Start, Func: w.m.ImportedFuncs + i,
				Message: fmt.Sprintf("the function's body would have %d bytes with its charges, at most %d are allowed: split the function", len(w.body), maxBody)}
		}
		b = append(appendU32(b, uint32(len(w.body))), w.body...)
	}
	for _, helper := range helpers {
		w.body = helper(w.body[:0])
		b = append(appendU32(b, uint32(len(w.body))), w.body...)
	}
	return b, nil
}

// function writes the i-th body into w.body:
//
//	locals
//	[check] [charge]                     at entry
//	[depth -= slots; trap if below 0]    where the frame counts
//	[block]                              around the code, so that every way out ends up behind it
//	code, edited
//	[end; depth += slots]
//	end
func (w *writer) function(i int) {
	f, at := &w.funcs[i], w.m.Bodies[i]
	b := append(w.body[:0], w.m.Data[at.Start:f.code]...)
	if f.check {
		b = append(w.code.again(append(b, opLoop, typeEmpty)), opEnd)
	}
	if f.weight > 0 {
		b = w.code.charge(b, f.weight)
	}
	if f.deep {
		b = append(w.code.moveDepth(b, opI32Sub, f.slots), w.code.deepCheck...)
		b = w.blockType(append(b, opBlock), w.m.TypeOf(w.m.ImportedFuncs+i).Results)
	}
	b = w.edited(b, f, at)
	if f.deep {
		b = append(w.code.moveDepth(b, opI32Add, f.slots), opEnd)
	}
	w.body = b
}

// edited copies the instructions of a body and makes its edits.
func (w *writer) edited(b []byte, f *function, body wasm.Span) []byte {
	data, from := w.m.Data, f.code
	for _, e := range w.edits[f.edits.from:f.edits.to] {
		at := body.Start + e.at()
		b = append(b, data[from:at]...)
		from = at
		switch e.kind() {
		case editCharge:
			b = w.code.charge(b, e.number())
		case editCheck:
			b = w.code.charge(append(b, w.code.check...), e.number())
		case editFunc:
			b = appendU32(b, e.number())
			from = skipLEB(data, at)
		case editReturn:
			if f.deep {
				b = appendU32(append(b, opBr), e.number())
				from = at + 1
			}
		case editLabel:
			b = appendU32(append(b, data[at]), e.number())
			from = skipLEB(data, at+1)
		case editBranchIf:
			b = appendU32(append(b, opIf, typeEmpty, opBr), e.number())
			b = append(b, opEnd)
			from = skipLEB(data, at+1)
		case editGrow:
			b = appendU32(append(b, opCall), w.x.grow)
			from = at + 2
		case editBulk:
			b = appendU32(append(b, opCall), w.x.bulk+2*e.number())
		case editBytes:
			b = appendU32(append(b, opCall), w.x.bytes)
		case editItems:
			b = appendU32(append(b, opCall), w.x.items)
		case editHead:
			b = w.code.charge(w.code.again(b), e.number())
		case editOuter:
			b = append(append(b, opLoop, data[at+1]), w.code.check...)
		case editInner:
			b = w.code.charge(w.code.inner(b), e.number())
		case editOuterEnd:
			b = append(b, opEnd)
		}
	}
	return append(b, data[from:body.End]...)
}

// blockType writes a block type without parameters (5.4.1).
func (w *writer) blockType(b, results []byte) []byte {
	switch len(results) {
	case 0:
		return append(b, typeEmpty)
	case 1:
		return append(b, results[0])
	}
	return appendS64(b, int64(w.typeIndex(nil, results)))
}
