// Programs in AssemblyScript whose speed is compared with metering and without. Each takes how much to do and returns a number that depends
// on all of it.
// build: asc as/programs.ts -O3 --runtime incremental --use abort= -o OUT

const SIZE: i32 = 1 << 18;
const numbers = new StaticArray<u32>(SIZE);
let filled = false;

function xorshift(x: u32): u32 {
  x ^= x << 13;
  x ^= x >> 17;
  return x ^ (x << 5);
}

function fill(): void {
  if (filled) return;
  filled = true;
  let x: u32 = 12345;
  for (let i = 0; i < SIZE; i++) {
    x = xorshift(x);
    numbers[i] = x;
  }
}

/** The shortest loop that reads memory. */
export function sum(n: u32): u64 {
  fill();
  let total: u64 = 0;
  for (let k: u32 = 0; k < n; k++) {
    for (let i = 0; i < SIZE; i++) total += numbers[i] ^ k;
  }
  return total;
}

/** The sieve of Eratosthenes. */
export function sieve(n: u32): u64 {
  const LIMIT = 100000;
  let primes: u64 = 0;
  for (let k: u32 = 0; k < n; k++) {
    const composite = new Uint8Array(LIMIT);
    for (let i = 2; i < LIMIT; i++) {
      if (composite[i]) continue;
      primes++;
      for (let j = i * 2; j < LIMIT; j += i) composite[j] = 1;
    }
  }
  return primes;
}

/** Counts by a map, its keys made on the way. */
export function words(n: u32): u64 {
  const counts = new Map<string, i32>();
  for (let k: u32 = 0; k < n * 1000; k++) {
    const key = "k" + (k % 1000).toString();
    counts.set(key, counts.has(key) ? counts.get(key) + 1 : 1);
  }
  return counts.size + counts.get("k7");
}

class Point {
  constructor(
    public x: f64,
    public y: f64,
  ) {}

  add(o: Point): Point {
    return new Point(this.x + o.x, this.y * 0.5 + o.y);
  }
}

/** Makes an object in each turn. */
export function objects(n: u32): u64 {
  let p = new Point(1, 2);
  const q = new Point(0.5, 1.5);
  for (let k: u32 = 0; k < n * 10000; k++) p = p.add(q);
  return <u64>(p.x + p.y);
}

/** Sorts, with a call for each comparison. */
export function sort(n: u32): u64 {
  let total: u64 = 0;
  for (let k: u32 = 0; k < n; k++) {
    const some = new Array<u32>(20000);
    let x = k + 1;
    for (let i = 0; i < some.length; i++) {
      x = xorshift(x);
      some[i] = x;
    }
    some.sort((a, b) => (a < b ? -1 : i32(a > b)));
    total += some[100];
  }
  return total;
}

/** The Mandelbrot set: floating point and early exits. */
export function mandelbrot(n: u32): u64 {
  const WIDTH = 64;
  let total: u64 = 0;
  for (let k: u32 = 0; k < n; k++) {
    for (let i = 0; i < WIDTH * WIDTH; i++) {
      const re: f64 = f64(i % WIDTH) / 24 - 2;
      const im: f64 = f64(i / WIDTH) / 24 - 1.3 + f64(k) / 1000;
      let x: f64 = 0;
      let y: f64 = 0;
      let turns = 0;
      while (turns < 200 && x * x + y * y < 4) {
        const next = x * x - y * y + re;
        y = 2 * x * y + im;
        x = next;
        turns++;
      }
      total += turns;
    }
  }
  return total;
}

/** Splits text, and joins it again. */
export function fields(n: u32): u64 {
  let text = "";
  for (let i = 0; i < 200; i++) text += i.toString() + ",name-" + (i % 16).toString() + "," + (f64(i) / 7).toString() + ";";
  let total: u64 = 0;
  for (let k: u32 = 0; k < n; k++) {
    const records = text.split(";");
    for (let i = 0; i < records.length - 1; i++) {
      const field = records[i].split(",");
      total += u64(I32.parseInt(field[0])) + u64(field[1].length) + u64(F64.parseFloat(field[2]));
    }
  }
  return total;
}
