use super::ParcelSet;
use crate::column::CategoryColumn;
use crate::expr::{ColumnRef, NamedColumns};
use crate::zoning::{Construction, LandUse, LandUseCode, Schemes, SmallClass};

const OWN: [&str; 15] = [
    "id",
    "current_use",
    "zoned_use",
    "district",
    "construction",
    "class",
    "zoned_class",
    "area_m2",
    "floor_area_m2",
    "footprint_m2",
    "floors",
    "height_m",
    "allowed_far",
    "year_built",
    "far",
];

/// What every parcel has a name for, before any column is added.
pub(crate) fn own_names() -> impl Iterator<Item = &'static str> {
    OWN.into_iter()
}

/// The columns of parcels, districts or cells, as expressions name them.
///
/// `id`, `current_use`, `zoned_use` (codes as texts), `district`, `construction` (as recorded, else by the code of the current
/// use), `floor_area_m2`, `footprint_m2`, `floors`, `height_m`, `allowed_far`, `year_built`, `area_m2`, `class` and
/// `zoned_class` ([`SmallClass`]), `far` (the number column of that name where there is one, else floor area over parcel area),
/// and every named number and text of the set.
#[derive(Debug, Clone, Copy)]
pub struct ParcelColumns<'a> {
    /// The parcels.
    pub set: &'a ParcelSet,
    /// What land-use codes mean.
    pub schemes: &'a Schemes,
}

impl ParcelColumns<'_> {
    /// Names of small classes by code; [`SmallClass::Unknown`] is unknown.
    fn class<'c>(&self, column: &'c CategoryColumn<LandUseCode>) -> ColumnRef<'c> {
        const CLASSES: [&str; SmallClass::ALL.len()] = {
            let mut names = [""; SmallClass::ALL.len()];
            let mut i = 0;
            while i < names.len() {
                names[i] = SmallClass::ALL[i].name();
                i += 1;
            }
            names
        };
        let uses = self.schemes.resolve_column(column);
        let known = |land: &LandUse| Some(land.class).filter(|class| *class != SmallClass::Unknown);
        ColumnRef::labelled(column, move |key| uses.of(Some(key)).and_then(known).map(SmallClass::name))
            .among(&CLASSES)
    }
}

impl NamedColumns for ParcelColumns<'_> {
    fn len(&self) -> usize {
        self.set.len()
    }

    fn rows_are(&self) -> &'static str {
        "parcels"
    }

    fn names(&self) -> Vec<&str> {
        let attributes = self.set.attributes();
        let named = attributes.numbers.keys().chain(attributes.texts.keys()).map(|name| &**name);
        let mut names: Vec<&str> = own_names().collect();
        names.extend(named);
        names
    }

    fn column(&self, name: &str) -> Option<ColumnRef<'_>> {
        let attributes = self.set.attributes();
        let area_m2 = self.set.area_m2();
        Some(match name {
            "id" => ColumnRef::texts(&attributes.id),
            "current_use" | "zoned_use" => {
                let codes =
                    if name == "current_use" { &attributes.current_use } else { &attributes.zoned_use };
                ColumnRef::labelled(codes, |key| codes.distinct().get(key as usize).map(|code| &*code.code))
            }
            "class" => self.class(&attributes.current_use),
            "zoned_class" => self.class(&attributes.zoned_use),
            "district" => ColumnRef::categories(&attributes.district),
            "construction" => {
                let codes = &attributes.current_use;
                let uses = self.schemes.resolve_column(codes);
                ColumnRef::flag_by(move |row| {
                    attributes.construction.get(row).or_else(|| match uses.of(codes.key(row))?.construction {
                        Construction::Yes => Some(true),
                        Construction::No => Some(false),
                        _ => None,
                    })
                })
            }
            "area_m2" => ColumnRef::known(area_m2),
            "floor_area_m2" => ColumnRef::numbers(&attributes.floor_area_m2),
            "footprint_m2" => ColumnRef::numbers(&attributes.footprint_m2),
            "floors" => ColumnRef::numbers(&attributes.floors),
            "height_m" => ColumnRef::numbers(&attributes.height_m),
            "allowed_far" => ColumnRef::numbers(&attributes.allowed_far),
            "year_built" => ColumnRef::numbers(&attributes.year_built),
            _ => match (attributes.numbers.get(name), attributes.texts.get(name)) {
                (Some(numbers), _) => ColumnRef::numbers(&numbers.values),
                (None, _) if name == "far" => ColumnRef::number_by(move |row| {
                    let floor_area_m2 = attributes.floor_area_m2.get(row)?;
                    (area_m2[row] != 0.0).then(|| floor_area_m2 / area_m2[row])
                }),
                (None, texts) => ColumnRef::categories(texts?),
            },
        })
    }
}
