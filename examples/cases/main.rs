//! What do the published figures of six places say?
//!
//! `cargo run --features programme --example cases [NAME]`; without a name all six in turn, without the feature no programmes.

#![expect(clippy::print_stdout, reason = "an example answers on the terminal")]

use std::error::Error;

mod figures;
mod jiaojiang;
mod kunming;
mod kunshan;
mod pingshan;
mod shenzhen;
mod shunde;

type Print = fn() -> Result<(), Box<dyn Error>>;

const CASES: [(&str, Print); 6] = [
    ("jiaojiang", jiaojiang::print),
    ("kunming", kunming::print),
    ("kunshan", kunshan::print),
    ("pingshan", pingshan::print),
    ("shenzhen", shenzhen::print),
    ("shunde", shunde::print),
];

fn main() -> Result<(), Box<dyn Error>> {
    let wanted = std::env::args().nth(1);
    let chosen: Vec<_> =
        CASES.iter().filter(|(name, _)| wanted.as_deref().is_none_or(|wanted| wanted == *name)).collect();
    if chosen.is_empty() {
        return Err(format!("no such case; one of {}", CASES.map(|(name, _)| name).join(", ")).into());
    }
    for (name, print) in chosen {
        println!("== {name}");
        print()?;
        println!();
    }
    Ok(())
}
