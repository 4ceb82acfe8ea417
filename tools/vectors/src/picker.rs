//! Values of every type, made by going through all choices.

use std::collections::BTreeMap;
use std::time::Duration;

/// How a `Picker` chooses.
#[derive(Clone, Copy, PartialEq)]
pub enum Mode {
    /// The first of everything: zero, empty, absent.
    Least,
    /// The last of everything: every field set, every list filled.
    Most,
    /// As `Least`, but lists and strings that are no part of a list are long.
    Long,
    /// At every place the next choice after the one made there before.
    Next,
}

/// How many elements a list has in `Mode::Long`, and bytes a string: more than one byte can count.
const LONG: usize = 300;

/// Chooses what values are made of. A place is a field as seen from the message, so that each goes through all its
/// choices whatever the others do.
#[derive(Clone)]
pub struct Picker {
    pub mode: Mode,
    path: Vec<&'static str>,
    places: BTreeMap<Vec<&'static str>, Place>,
    in_list: bool,
    casual: bool,
}

/// How many values there are at most to choose from where there is no choice between shapes.
pub const VALUES: usize = 6;

/// From how many variants on an enum is large.
const LARGE: usize = 20;

#[derive(Clone, Default)]
struct Place {
    taken: usize,
    wanted: usize,
}

impl Picker {
    pub fn new() -> Self {
        Self { mode: Mode::Next, path: vec![], places: BTreeMap::new(), in_list: false, casual: false }
    }

    /// Tells whether every choice between shapes (variants, presence, lengths) was made at every place reached.
    pub fn exhausted(&self) -> bool {
        self.places.values().all(|p| p.taken >= p.wanted)
    }

    /// Chooses one of `n` shapes.
    pub fn shape(&mut self, n: usize) -> usize {
        let wanted = if self.casual { 0 } else { n };
        self.next(n, wanted)
    }

    /// Chooses one of an enum's variants. Not all shapes that the payloads of a large enum can have need to be seen
    /// wherever it occurs; they are where it stands alone.
    pub fn variant<T>(&mut self, variants: &[Variant<T>]) -> T {
        let (name, make) = variants[self.shape(variants.len())];
        let casual = self.casual || variants.len() >= LARGE && !self.path.is_empty();
        let outer = std::mem::replace(&mut self.casual, casual);
        let made = self.within(name, make);
        self.casual = outer;
        made
    }

    /// Chooses one of some values; not all need to have been chosen in the end.
    pub fn value<T: Clone>(&mut self, values: &[T]) -> T {
        values[self.next(values.len(), 0)].clone()
    }

    fn next(&mut self, n: usize, wanted: usize) -> usize {
        match self.mode {
            Mode::Least | Mode::Long => 0,
            Mode::Most => n - 1,
            Mode::Next => {
                let place = self.places.entry(self.path.clone()).or_default();
                place.taken += 1;
                place.wanted = wanted;
                place.taken % n
            }
        }
    }

    /// Makes what a field holds.
    pub fn field<T: Sample>(&mut self, name: &'static str) -> T {
        self.within(name, T::sample)
    }

    pub fn within<T>(&mut self, name: &'static str, make: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(name);
        let made = make(self);
        self.path.pop();
        made
    }

    /// Makes a list.
    pub fn list<T>(&mut self, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let long = self.mode == Mode::Long && !self.in_list;
        let n = if long { LONG } else { [0, 1, 3][self.shape(3)] };
        let outer = std::mem::replace(&mut self.in_list, true);
        let made = (0..n).map(|_| self.within("[]", &mut make)).collect();
        self.in_list = outer;
        made
    }

    /// Makes entries of a map, whose keys are the first of those given.
    pub fn map<K: Clone + Ord, V: Sample>(&mut self, keys: &[K]) -> BTreeMap<K, V> {
        let n = [0, 1, keys.len()][self.shape(3)];
        keys[..n].iter().map(|k| (k.clone(), self.field("{}"))).collect()
    }
}

/// A variant's name, and what makes a value of it.
pub type Variant<T> = (&'static str, fn(&mut Picker) -> T);

/// A type that a `Picker` can make values of.
pub trait Sample: Sized {
    fn sample(p: &mut Picker) -> Self;
}

macro_rules! numbers {
    ($($t:ty: $($n:expr),+);+) => {
        $(impl Sample for $t {
            fn sample(p: &mut Picker) -> Self {
                p.value(&[0, $($n),+])
            }
        })+
    };
}

numbers! {
    u16: 1, 9003, 0x8000, u16::MAX;
    i16: 1, -1, 0x1234, i16::MIN, i16::MAX;
    u32: 1, 0x1234_5678, 0x8000_0000, u32::MAX;
    i32: 1, -1, 5001, i32::MIN, i32::MAX;
    u64: 1, 0x1234_5678_9abc_def0, 1 << 63, u64::MAX;
    i64: 1, -1, 1_700_000_000_000, i64::MIN, i64::MAX
}

impl Sample for bool {
    fn sample(p: &mut Picker) -> Self {
        p.shape(2) == 1
    }
}

impl Sample for String {
    fn sample(p: &mut Picker) -> Self {
        if p.mode == Mode::Long && !p.in_list {
            return "x".repeat(LONG);
        }
        p.value(&["", "topic-1", "a", "Zürich \u{1f980}\n\u{0}\"\\", "localhost:9003"]).to_owned()
    }
}

impl Sample for Duration {
    fn sample(p: &mut Picker) -> Self {
        // The longest that Go's time.Duration can express is the last.
        p.value(&[
            Duration::ZERO,
            Duration::from_nanos(1),
            Duration::from_millis(1500),
            Duration::from_secs(86_400),
            Duration::from_nanos(i64::MAX as u64),
        ])
    }
}

impl<T: Sample> Sample for Option<T> {
    fn sample(p: &mut Picker) -> Self {
        match p.shape(2) {
            0 => None,
            _ => Some(p.field("?")),
        }
    }
}

impl<T: Sample> Sample for Vec<T> {
    fn sample(p: &mut Picker) -> Self {
        p.list(T::sample)
    }
}

/// Text that is not empty: upstream leaves a field's default in place when it reads an empty string, and not every
/// default is empty.
pub fn text(p: &mut Picker) -> String {
    p.value(&["127.0.0.1", "localhost", "spu-main-0.svc"]).to_owned()
}

/// Bytes, which no list of `Vec<T>` is taken for: `u8` itself is no `Sample`.
pub fn bytes(p: &mut Picker) -> Vec<u8> {
    match p.shape(2) {
        0 => vec![],
        _ => p.within("[]", |p| p.value(&[&b"text"[..], &b"\x1f\x8b\x08"[..], &b"\0"[..], &[0xff; 20][..]])).to_vec(),
    }
}

impl<T: Sample> Sample for Box<T> {
    fn sample(p: &mut Picker) -> Self {
        Box::new(T::sample(p))
    }
}

/// The keys that maps of strings have.
pub const KEYS: [&str; 3] = ["", "key", "ключ"];

/// Makes a map of strings.
pub fn string_map<V: Sample>(p: &mut Picker) -> BTreeMap<String, V> {
    p.map(&KEYS.map(String::from))
}

/// Makes a map by number of partition.
pub fn partition_map<V: Sample>(p: &mut Picker) -> BTreeMap<u32, V> {
    p.map(&[0, 1, u32::MAX])
}
