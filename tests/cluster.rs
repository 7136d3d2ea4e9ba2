//! Contiguous sites and all that is measured of them, against brute force, other implementations and planted truths.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod cluster {
    mod barriers;
    mod density;
    mod merging;
    mod regions;
    mod significance;
    mod sites;
    mod support;
}
