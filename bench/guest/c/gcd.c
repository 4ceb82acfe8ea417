// Adds a column gcd: the greatest common divisor of columns a and b.
// build: clang-14 --target=wasm32 -O2 -nostdlib -ffreestanding -mbulk-memory -Wl,--no-entry -Wl,--strip-all -Wl,--stack-first -Wl,-z,stack-size=16384 -o OUT c/gcd.c
#include "../../../guest-abi/c/weir.h"

static weir_column a, b;

WEIR_EXPORT(weir_open) uint32_t weir_open(uint32_t len) {
  static const weir_schema schema = WEIR_SCHEMA("gcd", WEIR_TYPE_INT, 32, 1);
  const uint8_t *request = weir_request();
  if (!weir_find(request, "a", 1, &a) || !weir_find(request, "b", 1, &b) || a.bits != 32 || b.bits != 32)
    return weir_failure(WEIR_BAD_SCHEMA, "there are no columns a and b of type INT");
  weir_output("", 0, WEIR_PATCH, &schema, sizeof schema);
  return WEIR_OK;
}

// gcd is Euclid's, two steps at a time, so that nothing has to be swapped.
static int32_t gcd(int32_t x, int32_t y) {
  while (y) {
    x %= y;
    if (!x) return y;
    y %= x;
  }
  return x;
}

// valid_in_both writes the validity of the answer, bit by bit, and returns how many rows are null.
static uint32_t valid_in_both(const uint8_t *va, const uint8_t *vb, uint32_t n, uint8_t *validity) {
  uint32_t nulls = 0;
  __builtin_memset(validity, 0, (n + 7) / 8);
  for (uint32_t r = 0; r < n; r++) {
    int valid = weir_valid(va, r) && weir_valid(vb, r);
    validity[r / 8] |= valid << r % 8;
    nulls += !valid;
  }
  return nulls;
}

WEIR_EXPORT(weir_process) uint32_t weir_process(uint32_t len) {
  static const weir_batch blank = WEIR_BATCH_OF(2);
  const uint8_t *request = weir_request(), *va = weir_buffer(request, a, 0), *vb = weir_buffer(request, b, 0);
  const int32_t *xs = (const int32_t *)weir_buffer(request, a, 1), *ys = (const int32_t *)weir_buffer(request, b, 1);
  uint32_t n = weir_rows(request), bitmap = va || vb ? ((n + 63) / 64) * 8 : 0, values = (4 * n + 7) & ~7u;
  weir_batch *message = (weir_batch *)weir_scratch(sizeof(weir_batch) + (uint64_t)bitmap + values);
  if (!message) return weir_failure(WEIR_ERROR, "no memory for the answer");
  *message = blank;
  message->rows = message->node_rows = n;
  uint8_t *body = (uint8_t *)(message + 1);
  if (bitmap) {
    message->node_nulls = valid_in_both(va, vb, n, body);
    message->buffer[0].length = (n + 7) / 8;
  }
  int32_t *out = (int32_t *)(body + bitmap);
  for (uint32_t r = 0; r < n; r++) out[r] = gcd(xs[r], ys[r]);
  message->buffer[1].offset = bitmap, message->buffer[1].length = 4 * (int64_t)n;
  message->frame.body = bitmap + values;
  weir_emit(0, 0, WEIR_NO_ROWS, message, sizeof *message + bitmap + values);
  return WEIR_OK;
}
