use geojson::{Feature, FeatureCollection};

use super::{FoundLines, inspect, look, read, read_lines};
use crate::Error;
use crate::io::schema::Schema;
use crate::io::{FeatureSource, Layer, PropertySummary, ReadOptions, Source};
use crate::json_text::push_json;

/// The features of a `GeoJSON` text.
pub(in crate::io) struct GeoJsonSource(pub(in crate::io) Source);

impl FeatureSource for GeoJsonSource {
    fn name(&self) -> String {
        self.0.name()
    }

    fn inspect(&self) -> Result<Vec<PropertySummary>, Error> {
        inspect(&self.0)
    }

    fn inspect_values(&self) -> Result<Vec<PropertySummary>, Error> {
        look(&self.0, true)
    }

    fn read(&self, schema: &Schema, options: &ReadOptions) -> Result<Layer, Error> {
        read(&self.0, schema, options)
    }

    fn lines(&self) -> Result<FoundLines, Error> {
        read_lines(&self.0)
    }
}

impl Source {
    /// Features in memory, as the crate `geojson` has them. They are read as a file of them would be: with the same schema, the same
    /// faults, and the same properties in what is written again.
    ///
    /// ```
    /// use landuse::io::{Loader, Source, infer};
    /// let parcel: geojson::Feature = r#"{"type": "Feature", "properties": {"id": "A-104"}, "geometry": {"type": "Polygon",
    ///     "coordinates": [[[114.05, 22.54], [114.06, 22.54], [114.06, 22.55], [114.05, 22.55], [114.05, 22.54]]]}}"#.parse().unwrap();
    /// let source = Source::features("parcels", [parcel]);
    /// let loaded = Loader::new(infer(&source)?.schema).load(&source)?;
    /// assert!((loaded.set.area_m2()[0] - 1_139_080.0).abs() < 1.0);
    /// # Ok::<(), landuse::Error>(())
    /// ```
    pub fn features(name: &str, features: impl IntoIterator<Item = Feature>) -> Self {
        let mut text = b"{\"type\":\"FeatureCollection\",\"features\":[".to_vec();
        for (i, feature) in features.into_iter().enumerate() {
            text.extend_from_slice(if i > 0 { b",\n" } else { b"\n" });
            push_json(&mut text, &feature);
        }
        text.extend_from_slice(b"\n]}\n");
        Self::bytes(name, text)
    }

    /// A collection in memory, with the members it has beside its features, such as `crs`; otherwise as [`features`](Self::features).
    pub fn collection(name: &str, collection: &FeatureCollection) -> Self {
        let mut text = Vec::new();
        push_json(&mut text, collection);
        Self::bytes(name, text)
    }
}
