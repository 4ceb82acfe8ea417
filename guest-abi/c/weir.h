// The guest ABI of weir, version 1, for modules in C without a libc. guest-abi/SPEC.md says what is here, section by section.
//
// It is made for operators that answer with one column, or none: messages of a single column, of a type that holds no others, are all that it
// writes. What it reads may have any columns; of lists, structs and maps it knows how far to skip them. A module includes it once, in its only
// source file, and defines weir_open and weir_process.
#ifndef WEIR_H
#define WEIR_H

#include <stdint.h>

#define WEIR_EXPORT(name) __attribute__((export_name(#name)))
#define WEIR_IMPORT(name) __attribute__((import_module("weir"), import_name(#name)))

// Statuses, kinds of output and levels of log lines (abi.json).
enum { WEIR_OK, WEIR_ERROR, WEIR_BAD_SCHEMA, WEIR_BAD_PARAMETER };
enum { WEIR_BATCH, WEIR_PATCH };
enum { WEIR_DEBUG, WEIR_INFO, WEIR_WARN, WEIR_ERROR_LINE };
#define WEIR_NO_ROWS UINT32_MAX

// Host functions (section 4).
WEIR_IMPORT(output) uint32_t weir_output(const char *name, uint32_t name_len, uint32_t kind, const void *schema, uint32_t schema_len);
WEIR_IMPORT(emit) uint32_t weir_emit(uint32_t output, const uint32_t *rows, uint32_t row_count, const void *message, uint32_t message_len);
WEIR_IMPORT(reject) uint32_t weir_reject(uint32_t row, const char *code, uint32_t code_len, const char *message, uint32_t message_len);
WEIR_IMPORT(fail) void weir_fail(const char *message, uint32_t message_len);
WEIR_IMPORT(log) void weir_log(uint32_t level, const char *message, uint32_t message_len);

// weir_failure leaves a reason, a string literal, and is the status.
#define weir_failure(status, reason) (weir_fail(reason, sizeof(reason) - 1), (status))

// ---- Memory (section 2): the arena begins where the program's own data ends; scratch memory follows the arena.

extern uint8_t __heap_base; // set by the linker

static uint32_t weir_arena_size;

static uint8_t *weir_aligned(uint8_t *p) { return (uint8_t *)(((uintptr_t)p + 63) & ~(uintptr_t)63); }
static uint8_t *weir_request(void) { return weir_aligned(&__heap_base); }

// weir_reach grows the memory up to an address, and says whether it is there.
static int weir_reach(uint64_t end) {
  uint64_t have = (uint64_t)__builtin_wasm_memory_size(0) << 16;
  return end <= have || __builtin_wasm_memory_grow(0, (uint32_t)((end - have + 65535) >> 16)) != (uintptr_t)-1;
}

// weir_scratch is memory of n bytes, aligned to 64, until the next call of it or the call's end. NULL: there is none.
static uint8_t *weir_scratch(uint64_t n) {
  uint8_t *at = weir_aligned(weir_request() + weir_arena_size);
  return weir_reach((uintptr_t)at + n) ? at : 0;
}

WEIR_EXPORT(weir_abi_v1) void weir_abi_v1(void) {}

WEIR_EXPORT(weir_arena) uint8_t *weir_arena(uint32_t len) {
  if (!weir_reach((uint64_t)(uintptr_t)weir_request() + len)) return 0;
  weir_arena_size = len;
  return weir_request();
}

// ---- Reading Arrow's metadata, flatbuffers that the host made: nothing needs to be checked.

static uint16_t weir_u16(const uint8_t *p) { return *(const uint16_t *)p; }
static uint32_t weir_u32(const uint8_t *p) { return *(const uint32_t *)p; }
static int64_t weir_i64(const uint8_t *p) { return *(const int64_t *)p; }

static const uint8_t *weir_follow(const uint8_t *p) { return p + weir_u32(p); }

// weir_field is where a field of a table is; NULL: it is absent and has its default.
static const uint8_t *weir_field(const uint8_t *table, int number) {
  const uint8_t *vtable = table - *(const int32_t *)table;
  uint32_t slot = 4 + 2 * number;
  uint16_t at = slot < weir_u16(vtable) ? weir_u16(vtable + slot) : 0;
  return at ? table + at : 0;
}

// weir_header is the table inside an encapsulated message: Message.header, field 2.
static const uint8_t *weir_header(const uint8_t *message) { return weir_follow(weir_field(weir_follow(message + 8), 2)); }

// weir_number is a field of 1, 2 or 4 bytes of a table.
static uint32_t weir_number(const uint8_t *table, int number, int size, uint32_t otherwise) {
  const uint8_t *at = weir_field(table, number);
  return !at ? otherwise : size == 1 ? *at : size == 2 ? weir_u16(at) : weir_u32(at);
}

// Types of columns: Type of Schema.fbs, and 0x100 more where that leaves open which of two it is.
enum {
  WEIR_TYPE_INT = 2, WEIR_TYPE_DOUBLE = 3, WEIR_TYPE_BINARY = 4, WEIR_TYPE_TEXT = 5, WEIR_TYPE_BOOL = 6, WEIR_TYPE_DECIMAL = 7,
  WEIR_TYPE_DATE = 8, WEIR_TYPE_TIME = 9, WEIR_TYPE_TIMESTAMP = 10, WEIR_TYPE_INTERVAL = 11, WEIR_TYPE_LIST = 12, WEIR_TYPE_STRUCT = 13,
  WEIR_TYPE_FIXED = 15, WEIR_TYPE_MAP = 17,
  WEIR_TYPE_UINT = 0x102, WEIR_TYPE_FLOAT = 0x103, WEIR_TYPE_JSON = 0x105, WEIR_TYPE_TIMESTAMP_UTC = 0x10a, WEIR_TYPE_UUID = 0x10f
};

// weir_column is a column of the input, found once in weir_open.
typedef struct {
  uint32_t node;   // index of its node in every batch
  uint32_t buffer; // index of its first buffer in every batch
  uint32_t type;
  uint32_t bits;             // of a value; 0: its length differs from value to value, or it holds others
  uint32_t unit;             // of a time or a timestamp: 0 seconds, 1 milli-, 2 micro-, 3 nanoseconds
  uint32_t precision, scale; // of a decimal
} weir_column;

static int weir_same(const uint8_t *a, const char *b, uint32_t len) {
  uint32_t i = 0;
  while (i < len && a[i] == (uint8_t)b[i]) i++;
  return i == len;
}

// weir_is compares a string field of a table, which is there, with a literal.
static int weir_is(const uint8_t *table, int number, const char *text, uint32_t len) {
  const uint8_t *at = weir_follow(weir_field(table, number));
  return weir_u32(at) == len && weir_same(at + 4, text, len);
}

// weir_elements is a vector field of a table; NULL: it has no elements.
static const uint8_t *weir_elements(const uint8_t *table, int number, uint32_t *count) {
  const uint8_t *at = weir_field(table, number), *vector = at ? weir_follow(at) : 0;
  *count = vector ? weir_u32(vector) : 0;
  return vector ? vector + 4 : 0;
}

// weir_extended says that a field is of an extension type, whose name has ten bytes.
static int weir_extended(const uint8_t *field, const char *name) {
  uint32_t count;
  const uint8_t *pairs = weir_elements(field, 6, &count); // Field.custom_metadata
  for (uint32_t i = 0; i < count; i++) {
    const uint8_t *pair = weir_follow(pairs + 4 * i);
    if (weir_is(pair, 0, "ARROW:extension:name", 20)) return weir_is(pair, 1, name, 10);
  }
  return 0;
}

// weir_skip moves behind a field, and what is inside of it.
static void weir_skip(const uint8_t *field, weir_column *c) {
  uint32_t type = weir_number(field, 2, 1, 0), count;
  const uint8_t *inside = weir_elements(field, 5, &count); // Field.children
  c->node++;
  c->buffer += type == WEIR_TYPE_STRUCT ? 1 : type == WEIR_TYPE_TEXT || type == WEIR_TYPE_BINARY ? 3 : 2;
  for (uint32_t i = 0; i < count; i++) weir_skip(weir_follow(inside + 4 * i), c);
}

// weir_describe finds out a field's type. Defaults are those of Schema.fbs.
static void weir_describe(const uint8_t *field, weir_column *c) {
  const uint8_t *type = weir_follow(weir_field(field, 3));
  c->type = weir_number(field, 2, 1, 0);
  switch (c->type) {
  case WEIR_TYPE_INT:
    c->bits = weir_number(type, 0, 4, 0);
    if (!weir_number(type, 1, 1, 0)) c->type = WEIR_TYPE_UINT;
    break;
  case WEIR_TYPE_DOUBLE:
    c->bits = 64;
    if (weir_number(type, 0, 2, 0) == 1) c->type = WEIR_TYPE_FLOAT, c->bits = 32;
    break;
  case WEIR_TYPE_TEXT:
    if (weir_extended(field, "arrow.json")) c->type = WEIR_TYPE_JSON;
    break;
  case WEIR_TYPE_BOOL: c->bits = 1; break;
  case WEIR_TYPE_DECIMAL: c->bits = 128, c->precision = weir_number(type, 0, 4, 0), c->scale = weir_number(type, 1, 4, 0); break;
  case WEIR_TYPE_DATE: c->bits = 32; break;
  case WEIR_TYPE_TIME: c->bits = weir_number(type, 1, 4, 32), c->unit = weir_number(type, 0, 2, 1); break;
  case WEIR_TYPE_TIMESTAMP:
    c->bits = 64, c->unit = weir_number(type, 0, 2, 0);
    if (weir_field(type, 1)) c->type = WEIR_TYPE_TIMESTAMP_UTC;
    break;
  case WEIR_TYPE_INTERVAL: c->bits = 128; break;
  case WEIR_TYPE_FIXED:
    c->bits = 8 * weir_number(type, 0, 4, 0);
    if (weir_extended(field, "arrow.uuid")) c->type = WEIR_TYPE_UUID;
    break;
  }
}

// weir_find looks a column up by its name in an open request; 0: there is none.
static int weir_find(const uint8_t *request, const char *name, uint32_t name_len, weir_column *found) {
  uint32_t count;
  const uint8_t *fields = weir_elements(weir_header(request + 16), 1, &count); // Schema.fields
  *found = (weir_column){0};
  for (uint32_t i = 0; i < count; i++) {
    const uint8_t *field = weir_follow(fields + 4 * i);
    if (weir_is(field, 0, name, name_len)) {
      weir_describe(field, found);
      return 1;
    }
    weir_skip(field, found);
  }
  return 0;
}

// weir_rows is how many rows a batch request has: RecordBatch.length.
static uint32_t weir_rows(const uint8_t *request) {
  const uint8_t *length = weir_field(weir_header(request), 0);
  return length ? (uint32_t)weir_i64(length) : 0;
}

// weir_buffer is a buffer of a column in a batch request: 0 validity, 1 values or offsets, 2 text or bytes. NULL: it has length 0.
static const uint8_t *weir_buffer(const uint8_t *request, weir_column c, uint32_t number) {
  const uint8_t *spans = weir_follow(weir_field(weir_header(request), 2)) + 4; // RecordBatch.buffers: pairs of offset and length
  const uint8_t *span = spans + 16 * (c.buffer + number), *body = request + 8 + weir_u32(request + 4);
  return weir_i64(span + 8) ? body + weir_i64(span) : 0;
}

static int weir_valid(const uint8_t *validity, uint32_t row) { return !validity || (validity[row / 8] >> row % 8 & 1); }

// weir_parameter is an iterator over an open request's parameters: begin with {0}; the next call fills in the next one.
typedef struct {
  uint32_t index, key_len, value_len;
  const uint8_t *key, *value, *next;
} weir_parameter;

static int weir_next(const uint8_t *request, weir_parameter *p) {
  if (p->index++ == weir_u32(request + 12)) return 0;
  const uint8_t *at = p->next ? p->next : request + 16 + weir_u32(request + 8);
  p->key_len = weir_u32(at), p->value_len = weir_u32(at + 4);
  p->key = at + 8, p->value = p->key + p->key_len;
  p->next = at + ((8 + p->key_len + p->value_len + 7) & ~7u);
  return 1;
}

// ---- Writing messages of one column. The metadata never changes but for a few numbers, so it is laid out once, as a structure; the numbers
// in comments are places in the flatbuffer, which begins behind marker and size.

typedef struct {
  uint32_t marker, size;
  uint32_t root;
  uint16_t message_vtable[6]; // 4: its size, the table's, version, header type, header, body length
  int32_t message;            // 16
  uint32_t header;
  int64_t body;
  uint16_t version;
  uint8_t type, unused[5];
} weir_message;

#define WEIR_MESSAGE(whole, kind, header_at) \
  {.marker = UINT32_MAX, .size = sizeof(whole) - 8, .root = 16, .message_vtable = {12, 24, 16, 18, 4, 8}, .message = 12, \
   .header = (header_at) - 20, .version = 4, .type = kind}

// weir_schema is a schema message.
typedef struct {
  weir_message frame;
  uint16_t schema_vtable[4]; // 40: endianness is left out, fields
  int32_t schema;            // 48
  uint32_t fields, field_count, first_field;
  uint16_t field_vtable[8]; // 64: name, nullable, type's type, type, dictionary, children
  int32_t field;            // 80
  uint32_t name_at, type_at, children_at;
  uint8_t nullable, type_type, unused[2];
  uint32_t children;       // 100
  uint16_t type_vtable[4]; // 104: two small numbers, of which the second is left out where it is 0
  int32_t type;            // 112
  uint32_t first, second;
  uint32_t name_len; // 124
  char name[32];
} weir_schema;

// WEIR_SCHEMA_OF is a schema of one column; its name is a literal of at most 31 bytes. Two numbers tell more of its type:
//
//	WEIR_TYPE_INT       8, 16, 32 or 64, 1      WEIR_TYPE_DATE      0, 0
//	WEIR_TYPE_UINT      8, 16, 32 or 64, 0      WEIR_TYPE_TIME      unit, 32 for units 0 and 1, 64 for 2 and 3
//	WEIR_TYPE_FLOAT     1, 0                    WEIR_TYPE_TIMESTAMP unit, 0
//	WEIR_TYPE_DOUBLE    2, 0                    WEIR_TYPE_INTERVAL  2, 0
//	WEIR_TYPE_DECIMAL   precision, scale        WEIR_TYPE_FIXED     bytes, 0
//	WEIR_TYPE_TEXT, WEIR_TYPE_BINARY, WEIR_TYPE_BOOL 0, 0
//
// JSON, UUID and timestamps with a zone have more to tell than it has room for.
#define WEIR_SCHEMA_OF(column_name, column_type, first_number, second_number, is_nullable) \
  {.frame = WEIR_MESSAGE(weir_schema, 1, 48), .schema_vtable = {8, 8, 0, 4}, .schema = 8, .fields = 4, .field_count = 1, .first_field = 20, \
   .field_vtable = {16, 20, 4, 16, 17, 8, 0, 12}, .field = 16, .name_at = 40, .type_at = 24, .children_at = 8, .nullable = is_nullable, \
   .type_type = (column_type) & 0xff, .type_vtable = {8, 12, 4, (second_number) ? 8 : 0}, .type = 8, .first = first_number, \
   .second = second_number, .name_len = sizeof(column_name) - 1, .name = column_name}

// WEIR_SCHEMA is the same for integers, and for text, whose bits are 0.
#define WEIR_SCHEMA(column_name, column_type, integer_bits, is_nullable) \
  WEIR_SCHEMA_OF(column_name, column_type, integer_bits, (column_type) == WEIR_TYPE_INT, is_nullable)

// weir_batch is a record batch message; its body follows it in memory. It has three buffers where the column is text or binary, two elsewhere.
typedef struct {
  weir_message frame;
  uint16_t batch_vtable[8]; // 40: length, nodes, buffers
  int32_t batch;            // 56
  uint32_t nodes;
  int64_t rows;
  uint32_t buffers, node_count;
  int64_t node_rows, node_nulls; // 80
  uint32_t unused, buffer_count;
  struct {
    int64_t offset, length;
  } buffer[3];
} weir_batch;

#define WEIR_BATCH_OF(number_of_buffers) \
  {.frame = WEIR_MESSAGE(weir_batch, 3, 56), .batch_vtable = {10, 20, 8, 4, 16}, .batch = 16, .nodes = 16, .buffers = 28, .node_count = 1, \
   .buffer_count = number_of_buffers}

_Static_assert(sizeof(weir_schema) == 168 && sizeof(weir_batch) == 160, "the places in the flatbuffers are those of the comments");

#endif
