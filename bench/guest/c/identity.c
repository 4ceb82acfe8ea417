// Answers each batch with the batch: what a call costs whose guest does nothing with its rows.
// build: clang-14 --target=wasm32 -O2 -nostdlib -ffreestanding -mbulk-memory -Wl,--no-entry -Wl,--strip-all -Wl,--stack-first -Wl,-z,stack-size=16384 -o OUT c/identity.c
#include "../../../guest-abi/c/weir.h"

WEIR_EXPORT(weir_open) uint32_t weir_open(uint32_t len) {
  const uint8_t *request = weir_request();
  weir_output("", 0, WEIR_BATCH, request + 16, weir_u32(request + 8));
  return WEIR_OK;
}

WEIR_EXPORT(weir_process) uint32_t weir_process(uint32_t len) {
  weir_emit(0, 0, WEIR_NO_ROWS, weir_request(), len);
  return WEIR_OK;
}
