// The module late_flights in C: it keeps flights that left late and says how late. modules/late_flights is the same in Go.
// build: clang-14 --target=wasm32 -O2 -nostdlib -ffreestanding -mbulk-memory -Wl,--no-entry -Wl,--stack-first -Wl,-z,stack-size=16384 -o OUT late_flights.c
#include "../../guest-abi/c/weir.h"

static weir_column delay;
static int64_t least;

// number reads a JSON integer of 64 bits.
static int number(const uint8_t *text, uint32_t len, int64_t *value) {
  uint32_t negative = len && *text == '-', at = negative;
  uint64_t size = 0, most = (uint64_t)INT64_MAX + negative;
  if (at == len || (text[at] == '0' && len > at + 1)) return 0;
  for (; at < len; at++) {
    uint64_t digit = (uint8_t)(text[at] - '0');
    if (digit > 9 || size > (most - digit) / 10) return 0;
    size = size * 10 + digit;
  }
  *value = (int64_t)(negative ? -size : size);
  return 1;
}

WEIR_EXPORT(weir_open) uint32_t weir_open(uint32_t len) {
  static const weir_schema schema = WEIR_SCHEMA("delay_class", WEIR_TYPE_TEXT, 0, 0);
  const uint8_t *request = weir_request();
  if (!weir_find(request, "dep_delay", 9, &delay)) return weir_failure(WEIR_BAD_SCHEMA, "there is no column dep_delay");
  if (delay.type != WEIR_TYPE_INT || delay.bits != 64) return weir_failure(WEIR_BAD_SCHEMA, "dep_delay is not BIGINT");
  least = 60;
  for (weir_parameter p = {0}; weir_next(request, &p);) {
    if (p.key_len != 9 || !weir_same(p.key, "min_delay", 9)) return weir_failure(WEIR_BAD_PARAMETER, "there is no such parameter");
    if (!number(p.value, p.value_len, &least) || least < 0) return weir_failure(WEIR_BAD_PARAMETER, "min_delay must be 0 or more minutes");
  }
  weir_output("", 0, WEIR_PATCH, &schema, sizeof schema);
  return WEIR_OK;
}

// late lists the rows to keep and returns how many they are.
static uint32_t late(const uint8_t *request, uint32_t *rows) {
  const int64_t *minutes = (const int64_t *)weir_buffer(request, delay, 1);
  const uint8_t *validity = weir_buffer(request, delay, 0);
  uint32_t n = weir_rows(request), kept = 0;
  for (uint32_t r = 0; r < n; r++) {
    rows[kept] = r;
    kept += minutes[r] >= least && weir_valid(validity, r);
  }
  return kept;
}

// class_of is a word of 8 bytes, with zeros behind its letters.
static uint64_t class_of(int64_t minutes, uint32_t *len) {
  *len = minutes < 180 ? 5 : 6;
  const char *class = minutes < 60 ? "minor\0\0" : minutes < 180 ? "major\0\0" : "severe\0";
  uint64_t word;
  __builtin_memcpy(&word, class, 8);
  return word;
}

WEIR_EXPORT(weir_process) uint32_t weir_process(uint32_t len) {
  static const weir_batch blank = WEIR_BATCH_OF(3);
  const uint8_t *request = weir_request();
  uint32_t n = weir_rows(request);
  // Row list, metadata, offsets, and text of at most 6 bytes a row, written 8 at a time.
  uint32_t list = (4 * n + 8 + 7) & ~7u;
  uint8_t *scratch = weir_scratch((uint64_t)list + sizeof(weir_batch) + 4 * (uint64_t)n + 8 + 6 * (uint64_t)n + 8);
  if (!scratch) return weir_failure(WEIR_ERROR, "no memory for the answer");
  uint32_t *rows = (uint32_t *)scratch, kept = late(request, rows);
  if (!kept) return WEIR_OK;

  const int64_t *minutes = (const int64_t *)weir_buffer(request, delay, 1);
  weir_batch *message = (weir_batch *)(scratch + list);
  uint32_t *offsets = (uint32_t *)(message + 1), text_at = (4 * (kept + 1) + 7) & ~7u, end = 0;
  uint8_t *text = (uint8_t *)offsets + text_at;
  for (uint32_t k = 0; k < kept; k++) {
    uint32_t length;
    uint64_t word = class_of(minutes[rows[k]], &length);
    __builtin_memcpy(text + end, &word, 8);
    offsets[k] = end;
    end += length;
  }
  offsets[kept] = end;

  *message = blank;
  message->rows = message->node_rows = kept;
  message->buffer[1].length = 4 * ((int64_t)kept + 1);
  message->buffer[2].offset = text_at, message->buffer[2].length = end;
  uint32_t body = (text_at + end + 7) & ~7u;
  message->frame.body = body;
  weir_emit(0, rows, kept < n ? kept : WEIR_NO_ROWS, message, sizeof *message + body);
  return WEIR_OK;
}
