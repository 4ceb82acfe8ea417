// A plug-in for Extism, by the functions that its runtime offers: https://extism.org/docs/concepts/pdk. It answers with what it was given.
// build: clang-14 --target=wasm32 -O2 -nostdlib -ffreestanding -mbulk-memory -Wl,--no-entry -Wl,--strip-all -Wl,--stack-first -Wl,-z,stack-size=16384 -o OUT plugin/echo.c
#include <stdint.h>

#define EXPORT(name) __attribute__((export_name(#name)))
#define IMPORT(name) __attribute__((import_module("extism:host/env"), import_name(#name)))

IMPORT(input_length) uint64_t input_length(void);
IMPORT(input_load_u8) uint32_t input_load_u8(uint64_t at);
IMPORT(input_load_u64) uint64_t input_load_u64(uint64_t at);
IMPORT(alloc) uint64_t alloc(uint64_t bytes);
IMPORT(store_u8) void store_u8(uint64_t at, uint32_t value);
IMPORT(store_u64) void store_u64(uint64_t at, uint64_t value);
IMPORT(output_set) void output_set(uint64_t at, uint64_t bytes);

// nothing: the price of a call.
EXPORT(nothing) uint32_t nothing(void) { return 0; }

// echo reads all of its input into its own memory, as a plug-in must to work on it, and writes it out from there. A plug-in's memory is not the
// runtime's, so each 8 bytes cross by a call.
EXPORT(echo) uint32_t echo(void) {
  static union {
    uint8_t bytes[1 << 16];
    uint64_t words[1 << 13];
  } own;
  uint64_t size = input_length(), at;
  if (size > sizeof own) return 1;
  for (at = 0; at + 8 <= size; at += 8) own.words[at / 8] = input_load_u64(at);
  for (; at < size; at++) own.bytes[at] = input_load_u8(at);
  uint64_t to = alloc(size);
  for (at = 0; at + 8 <= size; at += 8) store_u64(to + at, own.words[at / 8]);
  for (; at < size; at++) store_u8(to + at, own.bytes[at]);
  output_set(to, size);
  return 0;
}
