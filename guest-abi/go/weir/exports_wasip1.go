package weir

import "unsafe"

// guest is the module's only instance. That it is a package variable keeps the arena and the progress cell, whose addresses
// the host holds, from being collected; the collector does not move them.
var guest = NewGuest(nil, imports{})

//go:wasmexport weir_abi_v1
func exportMarker() {}

//go:wasmexport weir_arena
func exportArena(length int32) unsafe.Pointer {
	return unsafe.Pointer(unsafe.SliceData(guest.Arena(int(length))))
}

//go:wasmexport weir_open
func exportOpen(length int32) int32 {
	guest.operator = registered
	return int32(guest.Open(int(length)))
}

//go:wasmexport weir_progress
func exportProgress() unsafe.Pointer { return unsafe.Pointer(guest.Progress()) }

//go:wasmexport weir_process
func exportProcess(length int32) int32 { return int32(guest.Process(int(length))) }
