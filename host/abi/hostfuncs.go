package abi

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/weir-stream/weir/host/engine"
	"github.com/weir-stream/weir/host/ipc"
)

// serve is a host function's body. stack holds the parameters, and takes the result.
type serve func(i *Instance, ctx context.Context, mem engine.Memory, stack []uint64) error

// HostFuncs are the functions that a guest may import: a module for Open must be compiled with them.
var HostFuncs = sync.OnceValue(func() []engine.HostFunc {
	var funcs []engine.HostFunc
	add := func(module string, table map[string]string, bodies map[string]serve) {
		for name, signature := range table {
			funcs = append(funcs, hostFunc(module, name, signature, bodies[name]))
		}
	}
	add(ImportModule, weirTable, map[string]serve{
		"output": (*Instance).output, "emit": (*Instance).emit, "reject": (*Instance).reject,
		"fail": (*Instance).failed, "log": (*Instance).logged,
	})
	bodies := wasiBodies()
	add(WASIModule, servedTable, bodies)
	add(WASIModule, inertTable, bodies)
	return funcs
})

func hostFunc(module, name, signature string, body serve) engine.HostFunc {
	t := parseSignature(signature)
	return engine.HostFunc{Module: module, Name: name, Type: t,
		Call: func(ctx context.Context, host any, mem engine.Memory, stack []uint64) error {
			for k, p := range t.Params {
				if p == engine.I32 {
					stack[k] = uint64(uint32(stack[k])) // the upper half of an i32's slot means nothing
				}
			}
			return body(host.(*Instance), ctx, mem, stack)
		}}
}

// parseSignature reads "(i32, i64) -> i32", as the generated tables write it.
func parseSignature(text string) engine.FuncType {
	params, results, _ := strings.Cut(text, " -> ")
	list := func(text string) (types []engine.ValueType) {
		for _, word := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune("(), ", r) }) {
			types = append(types, map[string]engine.ValueType{"i32": engine.I32, "i64": engine.I64, "f32": engine.F32, "f64": engine.F64}[word])
		}
		return types
	}
	return engine.FuncType{Params: list(params), Results: list(results)}
}

// schemaBytes is the most that a schema message may take; 4,096 columns of the longest names need about 1.4 MB.
const schemaBytes = 4 << 20

// output serves output(name, name_len, kind, schema, schema_len) -> number. Only in weir_open.
func (i *Instance) output(_ context.Context, mem engine.Memory, stack []uint64) error {
	limits := i.limits
	if i.call.phase != phaseOpen {
		return violated(CodeCallTime, "output was called in %s; it belongs in weir_open", i.call.name)
	}
	if len(i.outputs) == limits.Outputs {
		return violated(CodeOutputCount, "more than %d outputs", limits.Outputs)
	}
	name, err := argument(mem, "a name", stack[0], stack[1])
	if err != nil {
		return err
	}
	message, err := argument(mem, "a schema", stack[3], stack[4])
	if err != nil {
		return err
	}
	if len(name) > LimitNameBytes || !utf8.Valid(name) || i.outputNamed(string(name)) != nil {
		return violated(CodeOutputName, "an output's name is at most %d bytes of UTF-8, and not taken", LimitNameBytes)
	}
	o := Output{Name: string(name), Kind: int(uint32(stack[2]))}
	if o.Kind != OutputBatch && o.Kind != OutputPatch {
		return violated(CodeOutputKind, "output %q is of kind %d; 0 is batch, 1 is patch", o.Name, o.Kind)
	}
	if len(message) > schemaBytes {
		return violated(CodeOutputSchema, "a schema of %d bytes; at most %d are allowed", len(message), schemaBytes)
	}
	if err := i.keep(int64(len(message)), 0, emitCost); err != nil {
		return err
	}
	l := limits.messages()
	l.Bytes = schemaBytes
	if o.Schema, err = ipc.ReadSchema(bytes.Clone(message), l); err != nil {
		return err
	}
	if o.Schema.NumFields() == 0 && o.Kind == OutputBatch {
		return violated(CodeOutputSchema, "output %q is a batch and has no columns", o.Name)
	}
	o.fields = int64(ipc.Fields(o.Schema))
	if err := i.keep(0, 0, fieldCost*o.fields); err != nil {
		return err
	}
	if o.reader, err = ipc.NewReader(o.Schema, limits.messages()); err != nil {
		return err
	}
	if err := i.agrees(o); err != nil {
		return err
	}
	i.stats.BytesOut += uint64(len(name) + len(message))
	i.outputs = append(i.outputs, o)
	stack[0] = uint64(len(i.outputs) - 1)
	return nil
}

// reject serves reject(row, code, code_len, message, message_len) -> 0. Only in weir_process.
func (i *Instance) reject(_ context.Context, mem engine.Memory, stack []uint64) error {
	c := &i.call
	row := uint32(stack[0])
	if c.phase != phaseProcess {
		return violated(CodeCallTime, "reject was called in %s; it belongs in weir_process", c.name)
	}
	code, err := argument(mem, "a code", stack[1], stack[2])
	if err != nil {
		return err
	}
	message, err := argument(mem, "a message", stack[3], stack[4])
	if err != nil {
		return err
	}
	if row >= c.rows {
		return violated(CodeRejectRow, "row %d was rejected; the batch has %d", row, c.rows)
	}
	if !c.refused {
		c.rejected, c.refused = c.rejected.sized(c.rows), true
	}
	if c.rejected.has(row) {
		return violated(CodeRejectTwice, "row %d was rejected twice", row)
	}
	c.rejected.add(row)
	if !isCode(code) {
		return violated(CodeRejectCode, "a rejection's code is 1 to %d bytes of a-z 0-9 . _ -", LimitCodeBytes)
	}
	if message = cut(message, LimitMessageBytes); !utf8.Valid(message) {
		return violated(CodeRejectMessage, "the message that rejects row %d is not UTF-8", row)
	}
	size := int64(len(code) + len(message))
	if err := c.spend(size, i.limits); err != nil {
		return err
	}
	if err := i.copied(size + rejectionCost); err != nil {
		return err
	}
	if err := i.work(size); err != nil {
		return err
	}
	i.stats.BytesOut += uint64(size)
	c.result.Rejected = append(c.result.Rejected, Rejection{row, string(code), string(message)})
	stack[0] = StatusOK
	return nil
}

// failed serves fail(message, message_len): the reason for the status that follows. Any time.
func (i *Instance) failed(_ context.Context, mem engine.Memory, stack []uint64) error {
	message, err := argument(mem, "a message", stack[0], stack[1])
	if err != nil {
		return err
	}
	message = cut(message, LimitMessageBytes)
	i.call.failText = strings.ToValidUTF8(string(message), "\ufffd")
	return i.work(int64(len(message)))
}

// levels are the levels of log.
var levels = map[uint32]slog.Level{levelDebug: slog.LevelDebug, levelInfo: slog.LevelInfo, levelWarn: slog.LevelWarn, levelError: slog.LevelError}

// logged serves log(level, message, message_len). Any time.
func (i *Instance) logged(ctx context.Context, mem engine.Memory, stack []uint64) error {
	message, err := argument(mem, "a message", stack[1], stack[2])
	if err != nil {
		return err
	}
	level, ok := levels[uint32(stack[0])]
	if !ok {
		return violated(CodeLogLevel, "a log line of level %d; 0 to 3 are known", uint32(stack[0]))
	}
	i.line(ctx, level, message)
	return i.work(int64(min(len(message), LimitMessageBytes)))
}

func isCode(code []byte) bool {
	for _, b := range code {
		if !(b >= 'a' && b <= 'z' || b >= '0' && b <= '9' || b == '.' || b == '_' || b == '-') {
			return false
		}
	}
	return len(code) > 0 && len(code) <= LimitCodeBytes
}

// cut is text's first n bytes at most, without a character cut in half at the end.
func cut(text []byte, n int) []byte {
	if len(text) <= n {
		return text
	}
	text = text[:n]
	for k := 1; k <= utf8.UTFMax && k <= len(text); k++ {
		if tail := text[len(text)-k:]; utf8.RuneStart(tail[0]) {
			if !utf8.FullRune(tail) {
				return text[:len(text)-k]
			}
			break
		}
	}
	return text
}
