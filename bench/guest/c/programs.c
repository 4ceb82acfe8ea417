// Programs in C whose speed is compared with metering and without. Each takes how much to do and returns a number that depends on all of it.
// build: clang-14 --target=wasm32 -O2 -nostdlib -ffreestanding -mbulk-memory -Wl,--no-entry -Wl,--strip-all -Wl,--stack-first -o OUT c/programs.c
#include <stdint.h>

#define EXPORT(name) __attribute__((export_name(#name)))
#define ROLLED _Pragma("clang loop unroll(disable)")

enum { WORDS = 1 << 18, BYTES = 1 << 20 };

static uint32_t words[WORDS];
static uint8_t bytes[BYTES];

static uint32_t xorshift(uint32_t x) {
  x ^= x << 13;
  x ^= x >> 17;
  return x ^ x << 5;
}

// fill makes the data that the programs read, once.
static void fill(void) {
  static int filled;
  if (filled) return;
  filled = 1;
  uint32_t x = 12345;
  for (int i = 0; i < BYTES; i++) {
    x = xorshift(x);
    bytes[i] = x >> 24;
    words[i % WORDS] = x;
  }
}

// random: a loop of nothing but arithmetic.
EXPORT(random) uint64_t random_numbers(uint32_t n) {
  uint32_t x = 2463534242u;
  for (uint32_t i = 0; i < n * 100000; i++) x = xorshift(x);
  return x;
}

// sum: the shortest loop that reads memory.
EXPORT(sum) uint64_t sum(uint32_t n) {
  fill();
  uint64_t total = 0;
  for (uint32_t k = 0; k < n; k++) {
    ROLLED for (int i = 0; i < WORDS; i++) total += words[i] ^ k;
  }
  return total;
}

// filter: a branch in the loop that no processor foresees.
EXPORT(filter) uint64_t filter(uint32_t n) {
  fill();
  uint64_t total = 0;
  for (uint32_t k = 0; k < n; k++) {
    ROLLED for (int i = 0; i < WORDS; i++) {
      if ((words[i] & 7) == (k & 7)) total += words[i] * 2654435761u;
    }
  }
  return total;
}

// sha256, by FIPS 180-4: the first 32 bits of the fractional parts of roots of primes are its constants.
static const uint32_t round_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
    0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
    0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
    0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
    0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
    0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t rotate(uint32_t x, int by) { return x >> by | x << (32 - by); }

static void sha256_block(uint32_t state[8], const uint8_t *block) {
  uint32_t w[64];
  for (int i = 0; i < 16; i++) w[i] = block[4 * i] << 24 | block[4 * i + 1] << 16 | block[4 * i + 2] << 8 | block[4 * i + 3];
  for (int i = 16; i < 64; i++) {
    uint32_t a = w[i - 15], b = w[i - 2];
    w[i] = w[i - 16] + (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) + w[i - 7] + (rotate(b, 17) ^ rotate(b, 19) ^ b >> 10);
  }
  uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5], g = state[6], h = state[7];
  for (int i = 0; i < 64; i++) {
    uint32_t t1 = h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + round_constants[i] + w[i];
    uint32_t t2 = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
  }
  state[0] += a, state[1] += b, state[2] += c, state[3] += d, state[4] += e, state[5] += f, state[6] += g, state[7] += h;
}

EXPORT(sha256) uint64_t sha256(uint32_t n) {
  fill();
  uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  for (uint32_t i = 0; i < n * 1000; i++) sha256_block(state, bytes + i * 64 % BYTES);
  return (uint64_t)state[0] << 32 | state[1];
}

// fib: nothing but calls.
__attribute__((noinline)) static uint32_t fibonacci(uint32_t n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); }

EXPORT(fib) uint64_t fib(uint32_t n) { return fibonacci(n); }

// interpret: a byte code machine, one br_table a step.
EXPORT(interpret) uint64_t interpret(uint32_t n) {
  static const uint8_t program[] = {1, 2, 3, 4, 2, 5, 6, 3, 7, 1, 4, 8, 0};
  uint32_t a = 1, b = 2, c = 3, at = 0, left = n * 1000;
  for (;;) {
    switch (program[at++]) {
      case 0:
        if (!--left) return a + b + c;
        at = 0;
        break;
      case 1: a += b; break;
      case 2: b ^= a << 3; break;
      case 3: c += a ^ b; break;
      case 4: a = rotate(a, 1); break;
      case 5: b -= c; break;
      case 6: c *= 31; break;
      case 7: b += a & 1; break;
      case 8: a ^= c; break;
    }
  }
}

// matrix: floating point, three loops deep.
EXPORT(matrix) uint64_t matrix(uint32_t n) {
  enum { SIZE = 128 };
  static double a[SIZE][SIZE], b[SIZE][SIZE], product[SIZE][SIZE];
  for (int i = 0; i < SIZE * SIZE; i++) a[0][i] = i % 7, b[0][i] = i % 5;
  for (uint32_t k = 0; k < n; k++) {
    for (int i = 0; i < SIZE; i++) {
      for (int j = 0; j < SIZE; j++) {
        double total = k;
        ROLLED for (int m = 0; m < SIZE; m++) total += a[i][m] * b[m][j];
        product[i][j] = total;
      }
    }
  }
  return (uint64_t)product[6][9];
}

// quicksort: recursion, and a call through a table for each comparison.
static int ascends(uint32_t a, uint32_t b) { return a < b; }
static int descends(uint32_t a, uint32_t b) { return a > b; }

static void sort(uint32_t *a, int lo, int hi, int (*before)(uint32_t, uint32_t)) {
  while (lo < hi) {
    uint32_t pivot = a[(lo + hi) / 2];
    int i = lo, j = hi;
    while (i <= j) {
      while (before(a[i], pivot)) i++;
      while (before(pivot, a[j])) j--;
      if (i <= j) {
        uint32_t swapped = a[i];
        a[i++] = a[j];
        a[j--] = swapped;
      }
    }
    if (j - lo < hi - i) {
      sort(a, lo, j, before);
      lo = i;
    } else {
      sort(a, i, hi, before);
      hi = j;
    }
  }
}

EXPORT(quicksort) uint64_t quicksort(uint32_t n) {
  enum { SIZE = 1 << 15 };
  static uint32_t sorted[SIZE];
  fill();
  uint64_t total = 0;
  for (uint32_t k = 0; k < n; k++) {
    for (int i = 0; i < SIZE; i++) sorted[i] = words[i + k];
    sort(sorted, 0, SIZE - 1, k & 1 ? descends : ascends);
    total += sorted[k % SIZE];
  }
  return total;
}

// leaves: a call of a few instructions in each turn of a loop.
__attribute__((noinline)) static uint32_t leaf(uint32_t x) { return x * 2654435761u ^ x >> 7; }

EXPORT(leaves) uint64_t leaves(uint32_t n) {
  uint32_t x = 1;
  for (uint32_t i = 0; i < n * 100000; i++) x = leaf(x + i);
  return x;
}

// count: bytes into words, one at a time.
EXPORT(count) uint64_t count(uint32_t n) {
  fill();
  uint64_t found = 0;
  for (uint32_t k = 0; k < n; k++) {
    int inside = 0;
    ROLLED for (int i = 0; i < BYTES; i++) {
      int space = bytes[i] <= 32 + (k & 7);
      found += !space & !inside;
      inside = !space;
    }
  }
  return found;
}

// compress: what LZ77 does to find repetitions, by a table of the places where four bytes were seen last.
EXPORT(compress) uint64_t compress(uint32_t n) {
  enum { SIZE = 1 << 16, TABLE = 1 << 12 };
  static uint8_t text[SIZE];
  static uint32_t seen[TABLE];
  for (int i = 0; i < SIZE; i++) text[i] = "the quick brown fox jumps over the lazy dog"[i * 7 % 43] ^ (i % 1021 == 0);
  uint64_t total = 0;
  for (uint32_t k = 0; k < n; k++) {
    for (int i = 0; i < TABLE; i++) seen[i] = 0;
    for (uint32_t at = 4; at + 4 < SIZE;) {
      uint32_t four = text[at] | text[at + 1] << 8 | text[at + 2] << 16 | (uint32_t)text[at + 3] << 24;
      uint32_t slot = (four * 2654435761u + k) % TABLE, from = seen[slot], length = 0;
      seen[slot] = at;
      while (from && at + length < SIZE && length < 255 && text[from + length] == text[at + length]) length++;
      total += length >= 4 ? 3 : 1;
      at += length >= 4 ? length : 1;
    }
  }
  return total;
}

// bulk: short memory.fill and memory.copy.
EXPORT(bulk) uint64_t bulk(uint32_t n) {
  static uint8_t to[128];
  uint64_t total = 0;
  for (uint32_t i = 0; i < n * 1000; i++) {
    __builtin_memset(bytes, i, 64 + (i & 63));
    __builtin_memcpy(to, bytes, 64 + (i & 63));
    total += to[i & 63];
  }
  return total;
}

// state: what it returns depends on every call before.
EXPORT(state) uint64_t state(uint32_t n) {
  static uint64_t calls;
  fill();
  for (uint32_t i = 0; i < n * 10000; i++) {
    words[(uint32_t)(calls * 2654435761u) % WORDS] ^= (uint32_t)calls;
    calls += words[calls * 7 % WORDS];
  }
  return calls;
}
