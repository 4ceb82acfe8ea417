//! arrow-json and arrow-avro as a program: decoders into Arrow and the line writer, over and over on one file. bench/format runs it and times
//! the same of its own. Every arm prints one line of JSON.

mod avro;
mod digest;
mod json;
mod tables;

use std::time::Instant;

use anyhow::{bail, Context, Result};

const USAGE: &str = "usage: arrow-peer json-decode TABLE FILE ROWS records|buffer SECONDS
       arrow-peer json-encode TABLE FILE ROWS SECONDS
       arrow-peer avro-decode SCHEMA_FILE FILE ROWS SECONDS";

/// The arguments, taken one by one.
pub struct Args(std::env::Args);

impl Args {
    pub fn text(&mut self) -> Result<String> {
        self.0.next().context(USAGE)
    }

    pub fn number<T: std::str::FromStr>(&mut self) -> Result<T> {
        let text = self.text()?;
        text.parse().ok().with_context(|| format!("{text:?} is no number in range"))
    }
}

/// How much of the time is for growing buffers and warming caches before anything counts.
const WARM_UP: f64 = 0.25;

/// Spent is the time that this process ran on its processor, and the time that went by.
struct Spent {
    cpu: f64,
    wall: f64,
}

/// processor is how many seconds this process has run, in user mode and in the kernel.
fn processor() -> f64 {
    // SAFETY: getrusage fills in the structure that it is given, and zeros are one.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &mut usage);
        usage
    };
    let seconds = |t: libc::timeval| t.tv_sec as f64 + t.tv_usec as f64 / 1e6;
    seconds(usage.ru_utime) + seconds(usage.ru_stime)
}

/// measure passes over the records until it has run for the seconds, and prints what came of it.
pub fn measure(records: usize, digest: u64, seconds: f64, mut pass: impl FnMut() -> Result<()>) -> Result<()> {
    let mut passes = |seconds: f64| -> Result<(usize, Spent)> {
        let (start, before, mut done) = (Instant::now(), processor(), 0);
        loop {
            pass()?;
            done += 1;
            let spent = Spent { cpu: processor() - before, wall: start.elapsed().as_secs_f64() };
            if spent.cpu >= seconds {
                return Ok((done, spent));
            }
        }
    };
    passes(seconds * WARM_UP)?;
    let (done, spent) = passes(seconds)?;
    println!(
        r#"{{"records":{},"seconds":{},"wall":{},"digest":"{digest:016x}","rows":{records}}}"#,
        done * records,
        spent.cpu,
        spent.wall
    );
    Ok(())
}

fn main() -> Result<()> {
    let mut args = Args(std::env::args());
    args.text()?; // the program's name
    let command = args.text()?;
    match command.as_str() {
        "json-decode" => json::decode(args),
        "json-encode" => json::encode(args),
        "avro-decode" => avro::decode(args),
        _ => bail!("{command:?}\n{USAGE}"),
    }
}
