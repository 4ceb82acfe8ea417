package meter

import (
	"encoding/binary"
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
	b := w.locals(w.body[:0], f, at)
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

// locals copies the locals of a body and adds one for paid loops.
func (w *writer) locals(b []byte, f *function, body wasm.Span) []byte {
	declared := w.m.Data[body.Start:f.code]
	if !f.paid {
		return append(b, declared...)
	}
	groups, n := binary.Uvarint(declared)
	b = append(appendU32(b, uint32(groups)+1), declared[n:]...)
	return append(b, 1, typeI64)
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
		case editBranch:
			b = appendU32(append(b, opBr), e.number())
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
		default:
			b, from = w.loopEdit(b, f, e, at)
		}
	}
	return append(b, data[from:body.End]...)
}

// loopEdit makes an edit of a loop and returns where the body goes on.
func (w *writer) loopEdit(b []byte, f *function, e edit, at int) (_ []byte, from int) {
	c, data := &w.code, w.m.Data
	switch e.kind() {
	case editHead:
		return c.charge(c.again(b), e.number()), at
	case editOuter:
		return append(append(b, opLoop, data[at+1]), c.check...), at
	case editInner:
		return c.charge(c.inner(b), e.number()), at
	case editOuterEnd:
		return append(b, opEnd), at
	case editPaid:
		return c.paid(b, f.spare, w.paid[e.number()].weight, data[at+1]), at
	case editRound:
		return c.round(b, f.spare, w.paid[e.number()]), at
	case editTake:
		return c.take(b, f.spare, e.number()), at
	case editPaidEnd:
		return c.refund(append(b, opEnd), f.spare), at
	case editRefund:
		return c.refund(b, f.spare), at
	default: // editRefundIf
		b = c.refund(append(b, opI32Eqz, opIf, typeEmpty, opElse), f.spare)
		return append(appendU32(append(b, opBr), e.number()), opEnd), skipLEB(data, at+1)
	}
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
