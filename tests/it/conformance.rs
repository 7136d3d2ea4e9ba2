//! The GeoJSON conformance examples of github.com/chrieke/geojson-invalid-geometry (MIT), each with its verdict here.
//!
//! Where a verdict differs from the published one, the reason stands beside it: this reader takes land, and it refuses what
//! it cannot read, but it does not refuse land for the winding of a ring or for a `bbox` that nobody uses.

use landuse::Error;
use landuse::io::schema::Schema;
use landuse::io::{ReadOptions, Source, read};

use crate::support::data;

/// What becomes of a file.
enum Verdict {
    /// So many features are taken and none is put aside.
    Taken(usize),
    /// So many are taken, and the rest is put aside, the first for a reason with these words.
    Partly(usize, usize, &'static str),
    /// The file is refused with a message with these words.
    Refused(&'static str),
}

use Verdict::{Partly, Refused, Taken};

const CASES: [(&str, Verdict); 74] = [
    // Winding is turned when parcels are made; rings that bound no land are rejected or mended there too.
    ("invalid_geometries/invalid_exterior_not_ccw", Taken(1)),
    ("invalid_geometries/invalid_incorrect_geometry_data_type", Partly(0, 1, "is a LineString")),
    ("invalid_geometries/invalid_interior_not_cw", Taken(1)),
    ("invalid_geometries/invalid_less_three_unique_nodes", Taken(1)),
    ("invalid_geometries/invalid_unclosed", Taken(1)),
    ("invalid_structure/invalid_feature_geometry_is_string", Partly(0, 1, "the geometry is a text")),
    ("invalid_structure/invalid_feature_id_type", Partly(0, 1, "is a Point")),
    // Land without properties is still land: everything else of it is unknown.
    ("invalid_structure/invalid_feature_no_properties", Taken(1)),
    ("invalid_structure/invalid_feature_properties_is_array", Partly(0, 1, "`properties` is an array")),
    ("invalid_structure/invalid_feature_properties_is_int", Partly(0, 1, "`properties` is a number")),
    ("invalid_structure/invalid_feature_wrong_geometry_key", Partly(0, 1, "there is no `geometry`")),
    (
        "invalid_structure/invalid_featurecollection_feature_nullfeature",
        Partly(0, 1, "found null, expected a Feature"),
    ),
    ("invalid_structure/invalid_featurecollection_features_is_object", Refused("`features` is an object")),
    ("invalid_structure/invalid_featurecollection_no_features_member", Refused("without `features`")),
    ("invalid_structure/invalid_featurecollection_nulltype", Refused("`type` is null")),
    ("invalid_structure/invalid_featurecollection_type_lowercase", Refused("`type` is `featurecollection`")),
    ("invalid_structure/invalid_featurecollection_unknown_type", Refused("`type` is `notafc`")),
    ("invalid_structure/invalid_geometry_bbox_not4or6", Partly(0, 1, "is a Point")),
    ("invalid_structure/invalid_geometry_bbox_not_list", Partly(0, 1, "is a Point")),
    ("invalid_structure/invalid_geometry_bbox_not_numbers", Partly(0, 1, "is a Point")),
    ("invalid_structure/invalid_geometry_coordinates_1d", Partly(0, 1, "found a number, expected an array")),
    (
        "invalid_structure/invalid_geometry_coordinates_empty_position",
        Partly(0, 1, "found `]`, expected a number"),
    ),
    ("invalid_structure/invalid_geometry_coordinates_missing", Partly(0, 1, "there are no `coordinates`")),
    ("invalid_structure/invalid_geometry_coordinates_string", Partly(0, 1, "is a Point")),
    ("invalid_structure/invalid_geometry_depth_deep_point", Partly(0, 1, "is a Point")),
    (
        "invalid_structure/invalid_geometry_depth_deep_polygon",
        Partly(0, 1, "found an array, expected a number"),
    ),
    ("invalid_structure/invalid_geometry_depth_shallow_linestring", Partly(0, 1, "is a LineString")),
    (
        "invalid_structure/invalid_geometry_depth_shallow_multipolygon",
        Partly(0, 1, "found a number, expected a position"),
    ),
    (
        "invalid_structure/invalid_geometry_depth_shallow_polygon",
        Partly(0, 1, "found a number, expected a position"),
    ),
    (
        "invalid_structure/invalid_geometry_geometrycollection_null_geometry",
        Partly(0, 1, "the geometry is null"),
    ),
    (
        "invalid_structure/invalid_geometry_mislabeled_point",
        Partly(0, 1, "found a number, expected an array"),
    ),
    ("invalid_structure/invalid_geometry_missing_type", Refused("found no `type`")),
    ("invalid_structure/invalid_geometry_wrong_geometry_type", Refused("`type` is `SomeThingElse`")),
    ("problematic_geometries/problematic_3d_coordinates", Taken(1)),
    ("problematic_geometries/problematic_4d_coordinates", Taken(1)),
    ("problematic_geometries/problematic_crosses_antimeridian", Taken(1)),
    ("problematic_geometries/problematic_duplicate_nodes", Taken(1)),
    ("problematic_geometries/problematic_excessive_coordinate_precision", Taken(1)),
    ("problematic_geometries/problematic_excessive_vertices", Taken(1)),
    ("problematic_geometries/problematic_feature_null_geometry", Partly(0, 1, "the geometry is null")),
    ("problematic_geometries/problematic_holes", Taken(1)),
    ("problematic_geometries/problematic_inner_and_exterior_ring_intersect", Taken(1)),
    ("problematic_geometries/problematic_multitype_geometry_with_just_one_geometry", Taken(1)),
    ("problematic_geometries/problematic_outside_lat_lon_boundaries", Taken(1)),
    ("problematic_geometries/problematic_self_intersection_large", Taken(1)),
    ("problematic_geometries/problematic_self_intersection_small", Taken(1)),
    ("problematic_geometries/problematic_wrong_bbox_coordinate_order", Taken(1)),
    ("problematic_geometries/problematic_zero_length_linestring", Partly(0, 1, "is a LineString")),
    ("problematic_structure/problematic_crs_defined", Taken(1)),
    ("problematic_structure/problematic_geometry_not_wrapped", Taken(1)),
    ("problematic_structure/problematic_geometrycollection_single", Partly(0, 1, "in a GeometryCollection")),
    ("problematic_structure/problematic_nested_geometrycollection", Partly(0, 1, "in a GeometryCollection")),
    // Valid GeoJSON without land is put aside, not refused.
    ("valid/valid_feature", Partly(0, 1, "is a Point")),
    ("valid/valid_feature_null_geometry", Partly(0, 1, "the geometry is null")),
    ("valid/valid_feature_null_properties", Taken(1)),
    ("valid/valid_feature_with_bbox", Partly(0, 1, "is a LineString")),
    ("valid/valid_feature_with_id", Partly(0, 1, "is a Point")),
    ("valid/valid_feature_with_string_id", Partly(0, 1, "is a Point")),
    ("valid/valid_featurecollection", Taken(1)),
    ("valid/valid_featurecollection_bboxes", Taken(2)),
    ("valid/valid_featurecollection_empty_features", Taken(0)),
    ("valid/valid_featurecollection_multiple_feature_types", Partly(2, 2, "is a LineString")),
    ("valid/valid_featurecollection_with_geometrycollection", Partly(0, 1, "in a GeometryCollection")),
    ("valid/valid_geometry", Partly(0, 1, "is a Point")),
    ("valid/valid_geometry_3d_coordinates", Partly(0, 1, "is a Point")),
    ("valid/valid_geometry_bbox", Taken(1)),
    ("valid/valid_geometry_geometrycollection", Partly(0, 1, "in a GeometryCollection")),
    ("valid/valid_geometry_geometrycollection_empty_geometries", Partly(0, 1, "the geometry is empty")),
    ("valid/valid_geometry_linestring", Partly(0, 1, "is a LineString")),
    ("valid/valid_geometry_multilinestring", Partly(0, 1, "is a MultiLineString")),
    ("valid/valid_geometry_multipoint", Partly(0, 1, "is a MultiPoint")),
    ("valid/valid_geometry_multipolygon", Taken(1)),
    ("valid/valid_geometry_point", Partly(0, 1, "is a Point")),
    ("valid/valid_geometry_polygon", Taken(1)),
];

#[test]
fn every_example_has_the_stated_verdict() {
    let folder = data("geojson-conformance");
    if !folder.exists() {
        println!("skipped: no data at {}; set LANDUSE_DATA", folder.display());
        return;
    }
    let mut wrong = Vec::new();
    for (name, verdict) in &CASES {
        let outcome = read(
            &Source::file(folder.join(format!("{name}.geojson"))),
            &Schema::default(),
            &ReadOptions::default(),
        );
        let (right, got) = match &outcome {
            Ok(layer) => {
                let (taken, rejected) = (layer.table.len(), &layer.table.rejected);
                let reason = rejected.first().map_or("", |first| &first.reason);
                let right = match verdict {
                    Taken(n) => (taken, rejected.len()) == (*n, 0),
                    Partly(n, m, words) => (taken, rejected.len()) == (*n, *m) && reason.contains(words),
                    Refused(_) => false,
                };
                (right, format!("{taken} taken, {} rejected: {reason}", rejected.len()))
            }
            Err(error) => {
                let message = error.chain();
                let named = matches!(error, Error::Syntax { .. }) && message.contains(name);
                (named && matches!(verdict, Refused(words) if message.contains(words)), message)
            }
        };
        if !right {
            wrong.push(format!("{name}: {got}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), CASES.len(), wrong.join("\n"));
    let found = [
        "invalid_geometries",
        "invalid_structure",
        "problematic_geometries",
        "problematic_structure",
        "valid",
    ]
    .iter()
    .map(|part| std::fs::read_dir(folder.join(part)).unwrap().count())
    .sum::<usize>();
    assert_eq!(found, CASES.len(), "files without a verdict");
}
