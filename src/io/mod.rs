//! Files in and out.

pub mod schema;
