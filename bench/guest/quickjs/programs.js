// Programs that the QuickJS interpreter runs, whose speed is compared with metering and without. Each takes how much to do and returns a
// number that depends on all of it.

function fib(n) {
  return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

function loop(n) {
  let total = 0;
  for (let i = 0; i < n * 1000; i++) total = (total * 31 + i) % 1000003;
  return total;
}

function words(n) {
  const counts = {};
  for (let i = 0; i < n * 1000; i++) {
    const key = "k" + (i % 500);
    counts[key] = (counts[key] || 0) + key.length;
  }
  return Object.keys(counts).length + counts.k7;
}

const text = JSON.stringify(Array.from({ length: 300 }, (_, i) => ({ id: i, name: "n" + i, tags: ["a", "b"], score: i * 1.5 })));

function json(n) {
  let total = 0;
  for (let i = 0; i < n; i++) total += JSON.stringify(JSON.parse(text)).length;
  return total;
}

function sort(n) {
  let total = 0;
  for (let k = 0; k < n; k++) {
    let x = k + 1;
    const numbers = [];
    for (let i = 0; i < 4000; i++) {
      x = (x * 1103515245 + 12345) & 0x7fffffff;
      numbers.push(x);
    }
    total += numbers.sort((a, b) => a - b)[10];
  }
  return total;
}

const addresses = "user foo@bar.com some other words ".repeat(100);

function match(n) {
  let total = 0;
  for (let i = 0; i < n; i++) total += addresses.match(/([a-z]+)@([a-z]+)\.(com|org)/g).length;
  return total;
}

class Account {
  #balance = 0;
  deposit(amount) {
    this.#balance += amount;
    return this;
  }
  get balance() {
    return this.#balance;
  }
}

function objects(n) {
  let total = 0;
  for (let i = 0; i < n * 100; i++) {
    const account = new Account();
    total += [1, 2, 3].map((x) => account.deposit(x * i).balance).reduce((a, b) => a + b) % 1000;
  }
  return total;
}

let calls = 0;
const seen = {};

function state(n) {
  for (let i = 0; i < n * 1000; i++) {
    calls = (calls * 1103515245 + 12345) & 0x7fffffff;
    seen["k" + (calls % 100)] = (seen["k" + (calls % 100)] || 0) + 1;
  }
  return calls + (seen.k7 || 0);
}
