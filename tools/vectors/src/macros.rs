//! How upstream's types are made and shown. A field or variant that is missing here does not compile, but for variants
//! of enums that upstream declares `#[non_exhaustive]`: what `link` does about them is try all tags.

/// `fields!(Type { field, field as name, field by make / show })`: a struct.
macro_rules! fields {
    ($t:path { $($f:ident $(as $name:ident)? $(by $make:path, $show:path)?),* $(,)? } $(+ $rest:ident)?) => {
        impl crate::picker::Sample for $t {
            #[allow(unused_variables)]
            fn sample(p: &mut crate::picker::Picker) -> Self {
                Self {
                    $($f: field!(p, $f $(, $make)?),)*
                    $($rest: Default::default())?
                }
            }
        }
        impl crate::show::Show for $t {
            fn show(&self) -> serde_json::Value {
                let Self { $($f,)* $($rest: _)? } = self;
                serde_json::json!({ $(name!($f $($name)?): shown!($f $(, $show)?)),* })
            }
        }
    };
}

macro_rules! field {
    ($p:ident, $f:ident) => {
        $p.field(stringify!($f))
    };
    ($p:ident, $f:ident, $make:path) => {
        $p.within(stringify!($f), $make)
    };
}

macro_rules! shown {
    ($f:ident) => {
        crate::show::Show::show($f)
    };
    ($f:ident, $show:path) => {
        $show($f)
    };
}

macro_rules! name {
    ($f:ident) => {
        stringify!($f)
    };
    ($f:ident $name:ident) => {
        stringify!($name)
    };
}

/// `names!(Type { Variant, VARIANT as Name })`: an enum without payloads.
macro_rules! names {
    ($t:path { $($v:ident $(as $name:ident)?),+ $(,)? }) => {
        impl crate::picker::Sample for $t {
            fn sample(p: &mut crate::picker::Picker) -> Self {
                let all = [$(Self::$v),+];
                let at = p.shape(all.len());
                all.into_iter().nth(at).expect("one of them")
            }
        }
        impl crate::show::Show for $t {
            fn show(&self) -> serde_json::Value {
                #[allow(unreachable_patterns)]
                match self {
                    $(Self::$v => serde_json::json!(name!($v $($name)?)),)+
                    other => panic!("no name for {other:?}"),
                }
            }
        }
    };
}

/// An enum with payloads:
///
/// ```text
/// variants!(Type {
///     Plain,
///     One(field),                   // of a value that is the payload's field
///     Bytes(field by make, show),
///     Fields { field, field as name },
///     Inner[x],                     // of a struct that is the payload
///     Deep<x>,                      // with one field that is the payload
/// })
/// ```
macro_rules! variants {
    ($t:path { $($v:ident
        $(($one:ident $(by $make:path, $show:path)?))?
        $({ $($f:ident $(as $name:ident)? $(by $fmake:path, $fshow:path)?),+ })?
        $([$inner:ident])?
        $(<$deep:ident>)?
    ),+ $(,)? }) => {
        impl crate::picker::Sample for $t {
            fn sample(p: &mut crate::picker::Picker) -> Self {
                let variants: &[crate::picker::Variant<Self>] = &[$((stringify!($v), |_p| {
                    Self::$v
                        $((field!(_p, $one $(, $make)?)))?
                        $({ $($f: field!(_p, $f $(, $fmake)?)),+ })?
                        $((field!(_p, $inner)))?
                        $({ $deep: field!(_p, $deep) })?
                })),+];
                p.variant(variants)
            }
        }
        impl crate::show::Show for $t {
            fn show(&self) -> serde_json::Value {
                #[allow(unreachable_patterns)]
                match self {
                    $(Self::$v $(($one))? $({ $($f),+ })? $(($inner))? $({ $deep })? => {
                        #[allow(unused_mut)]
                        let mut payload = serde_json::Map::new();
                        $(payload.insert(stringify!($one).into(), shown!($one $(, $show)?));)?
                        $($(payload.insert(name!($f $($name)?).into(), shown!($f $(, $fshow)?));)+)?
                        $(if let serde_json::Value::Object(o) = shown!($inner) { payload = o; })?
                        $(if let serde_json::Value::Object(o) = shown!($deep) { payload = o; })?
                        crate::show::variant(stringify!($v), payload)
                    })+
                    other => panic!("no name for {other:?}"),
                }
            }
        }
    };
}
