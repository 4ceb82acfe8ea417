package weir

import "unsafe"

//go:wasmimport weir output
func importOutput(name string, kind uint32, schema unsafe.Pointer, schemaLen uint32) uint32

//go:wasmimport weir emit
func importEmit(output uint32, rows unsafe.Pointer, rowCount uint32, message unsafe.Pointer, messageLen uint32) uint32

//go:wasmimport weir reject
func importReject(row uint32, code, message string) uint32

//go:wasmimport weir fail
func importFail(message string)

//go:wasmimport weir log
func importLog(level uint32, message string)

// imports is the real host. A call that breaks a rule does not return, so the statuses tell nothing.
type imports struct{}

func (imports) Output(name string, kind uint32, schema []byte) uint32 {
	return importOutput(name, kind, unsafe.Pointer(unsafe.SliceData(schema)), uint32(len(schema)))
}

func (imports) Emit(output uint32, rows []uint32, rowCount uint32, message []byte) {
	importEmit(output, unsafe.Pointer(unsafe.SliceData(rows)), rowCount,
		unsafe.Pointer(unsafe.SliceData(message)), uint32(len(message)))
}

func (imports) Reject(row uint32, code, message string) { importReject(row, code, message) }
func (imports) Fail(message string)                     { importFail(message) }
func (imports) Log(level uint32, message string)        { importLog(level, message) }
