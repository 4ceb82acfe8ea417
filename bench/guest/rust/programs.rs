// Programs in Rust whose speed is compared with metering and without. Each takes how much to do and returns a number that depends on all of it.
// build: /usr/bin/rustc --edition 2021 --crate-type cdylib --target wasm32-unknown-unknown -C linker=wasm-ld-14 -C opt-level=3 -C lto -C panic=abort -C strip=symbols -o OUT rust/programs.rs
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;

fn xorshift(x: &mut u32) -> u32 {
    *x ^= *x << 13;
    *x ^= *x >> 17;
    *x ^= *x << 5;
    *x
}

/// Counts words by a hash map.
#[no_mangle]
pub extern "C" fn words(n: u32) -> u64 {
    let mut text = String::new();
    for i in 0..2000u32 {
        write!(text, "user{} foo@bar.com some other words {} ", i, i * i).unwrap();
    }
    let mut total = 0;
    for _ in 0..n {
        let mut counts: HashMap<&str, u32> = HashMap::new();
        for word in text.split_whitespace() {
            *counts.entry(word).or_insert(0) += 1;
        }
        total += counts.len() as u64;
    }
    total
}

/// Sorts numbers.
#[no_mangle]
pub extern "C" fn sort(n: u32) -> u64 {
    let mut total = 0;
    for k in 0..n {
        let mut x = k + 1;
        let mut numbers: Vec<u32> = (0..50000).map(|_| xorshift(&mut x)).collect();
        numbers.sort();
        total += numbers[100] as u64;
    }
    total
}

/// Filters and adds up.
#[no_mangle]
pub extern "C" fn filter(n: u32) -> u64 {
    let numbers: Vec<u32> = (0..1u32 << 18).map(|i| i.wrapping_mul(2654435761)).collect();
    let mut total = 0;
    for k in 0..n {
        total += numbers.iter().filter(|x| (*x >> 13) & 7 == k & 7).map(|x| *x as u64).sum::<u64>();
    }
    total
}

/// Formats numbers, and reads them.
#[no_mangle]
pub extern "C" fn format(n: u32) -> u64 {
    let mut total = 0;
    for i in 0..n * 1000 {
        let text = format!("{}-{:?}-{:.3}", i, (i, i + 1), i as f64 * 0.37);
        total += text.len() as u64 + text.split('-').next().unwrap().parse::<u64>().unwrap();
    }
    total
}

/// Fills ordered maps.
#[no_mangle]
pub extern "C" fn tree(n: u32) -> u64 {
    let mut total = 0;
    for k in 0..n {
        let mut map = BTreeMap::new();
        let mut x = k + 1;
        for i in 0..5000u32 {
            map.insert(xorshift(&mut x), i);
        }
        total += map.range(1000..).take(100).map(|(a, b)| (*a as u64) ^ (*b as u64)).sum::<u64>();
    }
    total
}

/// Reads lines of fields with commas between, of text and of numbers.
#[no_mangle]
pub extern "C" fn fields(n: u32) -> u64 {
    let mut text = String::new();
    for i in 0..3000u32 {
        writeln!(text, "{},carrier-{},{:.2},{}", i, i % 16, i as f64 / 7.0, i % 2 == 0).unwrap();
    }
    let mut total = 0;
    for _ in 0..n {
        for line in text.lines() {
            let mut field = line.split(',');
            let id: u64 = field.next().unwrap().parse().unwrap();
            let name = field.next().unwrap();
            let value: f64 = field.next().unwrap().parse().unwrap();
            let even: bool = field.next().unwrap().parse().unwrap();
            total += id + name.len() as u64 + value as u64 + even as u64;
        }
    }
    total
}

/// Turns text to upper case and back, character by character.
#[no_mangle]
pub extern "C" fn letters(n: u32) -> u64 {
    let text = "Grüße aus Ærøskøbing, żółw, ΣΊΣΥΦΟΣ and plain words as well. ".repeat(200);
    let mut total = 0;
    for _ in 0..n {
        let upper = text.to_uppercase();
        total += upper.chars().filter(|c| c.is_alphabetic()).count() as u64;
        total += upper.to_lowercase().bytes().map(|b| b as u64).sum::<u64>();
    }
    total
}

/// One cell of a matrix product at a time, in floating point, indices checked.
#[no_mangle]
pub extern "C" fn matrix(n: u32) -> u64 {
    const SIZE: usize = 96;
    let a: Vec<f64> = (0..SIZE * SIZE).map(|i| (i % 7) as f64).collect();
    let b: Vec<f64> = (0..SIZE * SIZE).map(|i| (i % 5) as f64).collect();
    let mut product = vec![0.0; SIZE * SIZE];
    for k in 0..n {
        for i in 0..SIZE {
            for j in 0..SIZE {
                product[i * SIZE + j] = k as f64 + (0..SIZE).map(|m| a[i * SIZE + m] * b[m * SIZE + j]).sum::<f64>();
            }
        }
    }
    product.iter().sum::<f64>() as u64
}
