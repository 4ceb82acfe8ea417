//! Files of vectors.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::marker::PhantomData;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use fluvio_protocol::{Decoder, Encoder};
use fluvio_sc_schema::TryEncodableFrom;

use crate::picker::{Mode, Picker, Sample, VALUES};
use crate::show::{digits, Show};

/// Removes the files of an earlier run.
pub fn clear(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == "txt") {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// What every file starts with.
pub const HEAD: &str = "# What the Fluvio crates 0.50.1 write, by tools/vectors. To write it anew: make vectors\n";

/// Something that goes over the wire whole.
pub trait Wire: Sized {
    fn to_bytes(self, version: i16) -> Vec<u8>;
    fn from_bytes(bytes: &[u8], version: i16) -> Self;
}

/// A message as it is.
pub struct Plain<M>(pub M);

impl<M: Sample> Sample for Plain<M> {
    fn sample(p: &mut Picker) -> Self {
        Plain(M::sample(p))
    }
}

impl<M: Show> Show for Plain<M> {
    fn show(&self) -> serde_json::Value {
        self.0.show()
    }
}

impl<M: Encoder + Decoder> Wire for Plain<M> {
    fn to_bytes(self, version: i16) -> Vec<u8> {
        encode(&self.0, version)
    }

    fn from_bytes(bytes: &[u8], version: i16) -> Self {
        Plain(decode(bytes, version))
    }
}

/// A message about one kind of object, which goes over the wire in an envelope.
pub struct Typed<E, M>(M, PhantomData<E>);

impl<E, M: Sample> Sample for Typed<E, M> {
    fn sample(p: &mut Picker) -> Self {
        Typed(M::sample(p), PhantomData)
    }
}

impl<E, M: Show> Show for Typed<E, M> {
    fn show(&self) -> serde_json::Value {
        self.0.show()
    }
}

impl<E: TryEncodableFrom<M>, M> Wire for Typed<E, M> {
    fn to_bytes(self, version: i16) -> Vec<u8> {
        encode(&E::try_encode_from(self.0, version).expect("encodable"), version)
    }

    fn from_bytes(bytes: &[u8], version: i16) -> Self {
        let envelope: E = decode(bytes, version);
        Typed(envelope.downcast().expect("decodable").expect("of the kind that was encoded"), PhantomData)
    }
}

pub fn encode<M: Encoder>(m: &M, version: i16) -> Vec<u8> {
    let mut bytes = vec![];
    m.encode(&mut bytes, version).expect("encodable");
    bytes
}

fn decode<M: Decoder>(bytes: &[u8], version: i16) -> M {
    let mut rest = bytes;
    let m = M::decode_from(&mut rest, version).expect("decodable");
    assert!(rest.is_empty(), "{} bytes left of {}", rest.len(), digits(bytes));
    m
}

/// A file of messages:
///
/// ```text
/// SC Create request v15-17       versions with the same bytes and the same meaning
/// 0005546f706963...              bytes; - where there are none
/// {"kind":"Topic",...}           value
/// ```
pub struct Vectors {
    path: PathBuf,
    text: String,
    seen: HashSet<String>,
}

impl Vectors {
    pub fn new(folder: &Path, name: &str) -> Self {
        Self { path: folder.join(name).with_extension("txt"), text: HEAD.into(), seen: HashSet::new() }
    }

    pub fn finish(self) -> io::Result<()> {
        fs::write(self.path, self.text)
    }

    /// Adds a message, with every choice that it has.
    pub fn add<M: Sample + Show + Wire>(&mut self, what: &str, versions: RangeInclusive<i16>) {
        let mut picker = Picker::new();
        for mode in [Mode::Least, Mode::Most] {
            picker.mode = mode;
            self.one::<M>(what, versions.clone(), &mut picker);
        }
        picker.mode = Mode::Next;
        for n in 0.. {
            self.one::<M>(what, versions.clone(), &mut picker);
            if picker.exhausted() && n >= VALUES {
                break;
            }
            assert!(n < 1000, "{what} has choices that are never made");
        }
    }

    /// Adds a message with long lists and strings.
    pub fn add_long<M: Sample + Show + Wire>(&mut self, what: &str, versions: RangeInclusive<i16>) {
        let mut picker = Picker::new();
        picker.mode = Mode::Long;
        self.one::<M>(what, versions, &mut picker);
    }

    /// Adds what given bytes are read as.
    pub fn read<M: Show + Wire>(&mut self, what: &str, version: i16, bytes: &[u8]) {
        let read = M::from_bytes(bytes, version);
        let value = read.show().to_string();
        assert_eq!(read.to_bytes(version), bytes, "{what} v{version} is written otherwise than it was read");
        self.put(what, Some((version, version, digits(bytes), value)));
    }

    /// Adds the picker's next value.
    fn one<M: Sample + Show + Wire>(&mut self, what: &str, versions: RangeInclusive<i16>, picker: &mut Picker) {
        let before = picker.clone();
        let mut group: Option<(i16, i16, String, String)> = None;
        for version in versions {
            *picker = before.clone();
            let bytes = M::sample(picker).to_bytes(version);
            let read = M::from_bytes(&bytes, version);
            let value = read.show().to_string();
            assert_eq!(read.to_bytes(version), bytes, "{what} v{version} is read as another value than was written");
            let hex = digits(&bytes);
            match &mut group {
                Some((_, last, h, v)) if *h == hex && *v == value => *last = version,
                _ => {
                    self.put(what, group.take());
                    group = Some((version, version, hex, value));
                }
            }
        }
        self.put(what, group);
    }

    fn put(&mut self, what: &str, group: Option<(i16, i16, String, String)>) {
        let Some((first, last, mut hex, value)) = group else { return };
        if hex.is_empty() {
            hex = "-".into();
        }
        let versions = if first == last { format!("v{first}") } else { format!("v{first}-{last}") };
        let entry = format!("\n{what} {versions}\n{hex}\n{value}\n");
        if self.seen.insert(entry.clone()) {
            let _ = write!(self.text, "{entry}");
        }
    }
}
