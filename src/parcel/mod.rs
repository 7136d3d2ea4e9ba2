//! What a parcel is: one row as a person thinks of it ([`Parcel`]), and a million of them as columns ([`ParcelSet`]).

mod attributes;
mod columns;
mod index;
mod lay;
mod records;
mod repairs;
mod row;
mod set;
mod stacks;
mod table;

pub use crate::column::{CategoryColumn, Column, TextColumn};
pub(crate) use attributes::name_adds_up;
pub use attributes::{Attributes, NamedNumbers, NamedTexts};
pub use columns::ParcelColumns;
pub(crate) use columns::own_names;
pub use index::ParcelIndex;
pub(crate) use lay::{Laid, Unlaid, lay_beside};
pub use records::RecordRef;
pub use repairs::Repairs;
pub use row::Parcel;
pub use set::{ParcelIdx, ParcelRef, ParcelSet, Repair};
pub use stacks::RecordCounts;
pub use table::{FeatureTable, Rejected};
