//! Values as JSON, by the names that `fluvio/protocol` has for them.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::time::Duration;

use serde_json::{json, Map, Value};

/// A type whose values can be shown.
pub trait Show {
    fn show(&self) -> Value;
}

macro_rules! plain {
    ($($t:ty),+) => {
        $(impl Show for $t {
            fn show(&self) -> Value {
                json!(self)
            }
        })+
    };
}

plain!(bool, u16, i16, u32, i32, u64, i64, String);

/// As whole nanoseconds.
impl Show for Duration {
    fn show(&self) -> Value {
        json!(u64::try_from(self.as_nanos()).expect("a short duration"))
    }
}

impl<T: Show> Show for Option<T> {
    fn show(&self) -> Value {
        self.as_ref().map_or(Value::Null, T::show)
    }
}

impl<T: Show> Show for Vec<T> {
    fn show(&self) -> Value {
        self.iter().map(T::show).collect()
    }
}

impl<K: Display, V: Show> Show for BTreeMap<K, V> {
    fn show(&self) -> Value {
        Value::Object(self.iter().map(|(k, v)| (k.to_string(), v.show())).collect())
    }
}

impl<T: Show> Show for Box<T> {
    fn show(&self) -> Value {
        (**self).show()
    }
}

/// Bytes in hex.
pub fn hex(bytes: &[u8]) -> Value {
    json!(digits(bytes))
}

pub fn digits(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// A variant: its name, and its payload if it has one.
pub fn variant(name: &str, payload: Map<String, Value>) -> Value {
    if payload.is_empty() {
        json!({ "tag": name })
    } else {
        json!({ "tag": name, "value": payload })
    }
}
