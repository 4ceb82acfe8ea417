package wasmtimeengine

// #include <stdint.h>
// #ifdef __GLIBC__
// #include <malloc.h>
// #endif
//
// // Two functions of wasmtime's C interface (wasmtime/async.h, wasmtime/trap.h) that its Go binding leaves out. They are weak
// // since the library that has them is known only when the whole program is linked.
// extern void __attribute__((weak)) wasmtime_config_async_stack_size_set(void *config, uint64_t size);
// extern void *__attribute__((weak)) wasmtime_trap_new_code(uint8_t code);
//
// static int bound(void) { return wasmtime_config_async_stack_size_set != 0 && wasmtime_trap_new_code != 0; }
// static void set_stack_size(void *config, uint64_t size) { wasmtime_config_async_stack_size_set(config, size); }
// static void *new_trap(uint8_t code) { return wasmtime_trap_new_code(code); }
//
// static void keep_less(void) {
// #ifdef __GLIBC__
//   mallopt(M_MMAP_THRESHOLD, 128 << 10);
// #endif
// }
import "C"

import (
	"errors"
	"reflect"
	"runtime"
	"unsafe"

	"github.com/bytecodealliance/wasmtime-go/v44"
)

// bound says whether what this file does to the Go binding can be done to the one that was built in: both functions are
// there, and the binding's objects are a pointer of C's, called _ptr.
func bound() error {
	for _, t := range []reflect.Type{reflect.TypeFor[wasmtime.Config](), reflect.TypeFor[wasmtime.Trap]()} {
		if t.NumField() != 1 || t.Field(0).Name != "_ptr" || t.Field(0).Type.Kind() != reflect.Pointer {
			return errors.New("wasmtime: the Go binding that was built in is not the one that this engine is made for")
		}
	}
	if C.bound() == 0 {
		return errors.New("wasmtime: the library that was built in lacks functions that this engine needs")
	}
	return nil
}

// setStack lets guests have so much stack. wasmtime refuses more than it would give to asynchronous calls, which nobody makes
// here, so that is raised with it.
func setStack(config *wasmtime.Config, bytes int) {
	C.set_stack_size(*(*unsafe.Pointer)(unsafe.Pointer(config)), C.uint64_t(bytes))
	runtime.KeepAlive(config)
	config.SetMaxWasmStack(bytes)
}

// interrupt is what a host function ends the guest's call with. wasmtime gives it back with the guest's stack, which it does
// only for traps with a code: from any other, as wasmtime.NewTrap makes them, it makes an error without one.
func interrupt() *wasmtime.Trap {
	t := new(wasmtime.Trap)
	*(*unsafe.Pointer)(unsafe.Pointer(t)) = C.new_trap(C.uint8_t(wasmtime.Interrupt))
	return t
}

// keepLess has C's allocator give memory back that is free. glibc does so by itself until a large block is freed for the first
// time, and from then on keeps up to 64 MiB in each thread's arena (mallopt(3), M_MMAP_THRESHOLD); setting the limit that it
// begins with makes it stay there.
func keepLess() { C.keep_less() }
