//! Spatial statistics against worked examples, published figures, another implementation and complete enumeration.

mod false_discovery;
mod golden;
mod oracle;
mod oracle_data;
mod permutation;
mod published;
mod support;
