// Guests that never end, or leave something behind: for how soon a call is stopped, and what an instance costs to restore.
// build: clang-14 --target=wasm32 -O2 -nostdlib -ffreestanding -mbulk-memory -Wl,--no-entry -Wl,--strip-all -Wl,--stack-first -Wl,-z,stack-size=16384 -o OUT c/shapes.c
#include <stdint.h>

#define EXPORT(name) __attribute__((export_name(#name)))
#define PAGE 65536

// nothing: the price of a call.
EXPORT(nothing) void nothing(void) {}

// spin never ends.
EXPORT(spin) void spin(void) {
  volatile uint32_t turns = 0;
  for (;;) turns++;
}

// grow makes the memory as large as it may be and returns its pages.
EXPORT(grow) uint32_t grow(uint32_t pages) {
  __builtin_wasm_memory_grow(0, pages - __builtin_wasm_memory_size(0));
  return __builtin_wasm_memory_size(0);
}

// fill writes all of the memory above the first two pages, one instruction at a time, without end.
EXPORT(fill) void fill(void) {
  for (uint32_t value = 0;; value++) __builtin_memset((void *)(2 * PAGE), value, (__builtin_wasm_memory_size(0) - 2) * PAGE);
}

// copy copies most of the memory within itself, without end.
EXPORT(copy) void copy(void) {
  for (;;) __builtin_memmove((void *)(2 * PAGE), (void *)(3 * PAGE), (__builtin_wasm_memory_size(0) - 3) * PAGE);
}

// touch writes into n blocks of 4 KiB, spread evenly over the memory above the first two pages.
EXPORT(touch) void touch(uint32_t n) {
  uint32_t apart = (__builtin_wasm_memory_size(0) - 2) * PAGE / n & ~4095u;
  for (uint32_t k = 0; k < n; k++) *(volatile uint32_t *)(2 * PAGE + k * apart) += 1;
}
