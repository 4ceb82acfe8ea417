// The module gain in C: it adds to every flight the minutes that it made up on the way. modules/gain is the same in Go.
// build: clang-14 --target=wasm32 -O2 -nostdlib -ffreestanding -mbulk-memory -Wl,--no-entry -Wl,--stack-first -Wl,-z,stack-size=16384 -o OUT gain.c
#include "../../guest-abi/c/weir.h"

static weir_column departure, arrival;

static int is_bigint(weir_column c) { return c.type == WEIR_TYPE_INT && c.bits == 64; }

WEIR_EXPORT(weir_open) uint32_t weir_open(uint32_t len) {
  static const weir_schema schema = WEIR_SCHEMA("gain", WEIR_TYPE_INT, 64, 1);
  const uint8_t *request = weir_request();
  if (!weir_find(request, "dep_delay", 9, &departure)) return weir_failure(WEIR_BAD_SCHEMA, "there is no column dep_delay");
  if (!weir_find(request, "arr_delay", 9, &arrival)) return weir_failure(WEIR_BAD_SCHEMA, "there is no column arr_delay");
  if (!is_bigint(departure) || !is_bigint(arrival)) return weir_failure(WEIR_BAD_SCHEMA, "dep_delay and arr_delay are not both BIGINT");
  weir_parameter any = {0};
  if (weir_next(request, &any)) return weir_failure(WEIR_BAD_PARAMETER, "there are no parameters");
  weir_output("", 0, WEIR_PATCH, &schema, sizeof schema);
  return WEIR_OK;
}

// valid_in_both writes the validity of rows, 64 at a time, and returns how many of them are null. At least one of the two columns has nulls:
// its bits behind the last row are 0, so those that are written are as well.
static uint32_t valid_in_both(const uint64_t *a, const uint64_t *b, uint32_t rows, uint64_t *validity) {
  uint32_t valid = 0;
  for (uint32_t word = 0; word < (rows + 63) / 64; word++) {
    validity[word] = (a ? a[word] : UINT64_MAX) & (b ? b[word] : UINT64_MAX);
    valid += __builtin_popcountll(validity[word]);
  }
  return rows - valid;
}

WEIR_EXPORT(weir_process) uint32_t weir_process(uint32_t len) {
  static const weir_batch blank = WEIR_BATCH_OF(2);
  const uint8_t *request = weir_request();
  const uint64_t *left_valid = (const uint64_t *)weir_buffer(request, departure, 0), *left = (const uint64_t *)weir_buffer(request, departure, 1);
  const uint64_t *landed_valid = (const uint64_t *)weir_buffer(request, arrival, 0), *landed = (const uint64_t *)weir_buffer(request, arrival, 1);
  uint32_t n = weir_rows(request), bitmap = left_valid || landed_valid ? (n + 63) / 64 * 8 : 0;
  weir_batch *message = (weir_batch *)weir_scratch(sizeof(weir_batch) + (uint64_t)bitmap + 8 * (uint64_t)n);
  if (!message) return weir_failure(WEIR_ERROR, "no memory for the answer");

  *message = blank;
  message->rows = message->node_rows = n;
  uint64_t *validity = (uint64_t *)(message + 1), *minutes = validity + bitmap / 8;
  if (bitmap) message->node_nulls = valid_in_both(left_valid, landed_valid, n, validity);
  for (uint32_t r = 0; r < n; r++) minutes[r] = left[r] - landed[r]; // without a sign, for the difference may not fit
  message->buffer[0].length = bitmap;
  message->buffer[1].offset = bitmap, message->buffer[1].length = 8 * (int64_t)n;
  message->frame.body = bitmap + 8 * (int64_t)n;
  weir_emit(0, 0, WEIR_NO_ROWS, message, sizeof *message + bitmap + 8 * n);
  return WEIR_OK;
}
