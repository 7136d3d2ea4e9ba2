//! Spatial statistics against worked examples, published figures, another implementation and complete enumeration.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on has failed, and one that is skipped says so"
)]

mod stats {
    mod false_discovery;
    mod golden;
    mod oracle;
    mod oracle_data;
    mod permutation;
    mod published;
    mod support;
}
