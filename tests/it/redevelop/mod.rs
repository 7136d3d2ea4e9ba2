//! From sites to a programme.

mod assembly;
mod capacity;
#[cfg(feature = "programme")]
mod programme;
#[cfg(feature = "programme")]
mod scenario;
mod support;
