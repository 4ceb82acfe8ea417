// Adds a column twice to a column n, and traps on rows where n is negative. Its progress cell is honest.
// build: clang-14 --target=wasm32 -O2 -nostdlib -ffreestanding -mbulk-memory -Wl,--no-entry -Wl,--strip-all -Wl,--stack-first -Wl,-z,stack-size=16384 -o OUT c/poison.c
#include "../../../guest-abi/c/weir.h"

static weir_column n;
static volatile uint32_t progress;

WEIR_EXPORT(weir_progress) uintptr_t weir_progress(void) { return (uintptr_t)&progress; }

WEIR_EXPORT(weir_open) uint32_t weir_open(uint32_t len) {
  static const weir_schema schema = WEIR_SCHEMA("twice", WEIR_TYPE_INT, 64, 0);
  if (!weir_find(weir_request(), "n", 1, &n) || n.bits != 64) return weir_failure(WEIR_BAD_SCHEMA, "there is no column n of type BIGINT");
  weir_output("", 0, WEIR_PATCH, &schema, sizeof schema);
  return WEIR_OK;
}

WEIR_EXPORT(weir_process) uint32_t weir_process(uint32_t len) {
  static const weir_batch blank = WEIR_BATCH_OF(2);
  const uint8_t *request = weir_request();
  const int64_t *values = (const int64_t *)weir_buffer(request, n, 1);
  uint32_t rows = weir_rows(request);
  weir_batch *message = (weir_batch *)weir_scratch(sizeof(weir_batch) + 8 * (uint64_t)rows);
  if (!message) return weir_failure(WEIR_ERROR, "no memory for the answer");
  int64_t *out = (int64_t *)(message + 1);
  for (uint32_t r = 0; r < rows; r++) {
    progress = r;
    if (values[r] < 0) __builtin_trap();
    out[r] = 2 * values[r];
  }
  *message = blank;
  message->rows = message->node_rows = rows;
  message->buffer[1].length = message->frame.body = 8 * (int64_t)rows;
  weir_emit(0, 0, WEIR_NO_ROWS, message, sizeof *message + 8 * rows);
  return WEIR_OK;
}
