//! Maps end to end: the bytes, the words on them, and sets that hold nothing to draw.

use landuse::Error;
use landuse::geometry::{Envelope, MultiPolygonArray};
use landuse::report::map::{FillStyle, Layer, Map, Table, style};

/// `columns` × `rows` parcels of 40 × 30 m with streets between blocks of five.
fn town(columns: u32, rows: u32) -> (MultiPolygonArray, Vec<u8>) {
    let mut parcels = MultiPolygonArray::new();
    let mut class = Vec::new();
    for row in 0..rows {
        for column in 0..columns {
            let x = f64::from(column) * 40.0 + f64::from(column / 5) * 12.0;
            let y = f64::from(row) * 30.0 + f64::from(row / 5) * 12.0;
            parcels.push_ring([[x, y], [x + 40.0, y], [x + 40.0, y + 30.0], [x, y + 30.0], [x, y]]);
            parcels.end_polygon();
            parcels.end_geometry();
            class.push(((column / 3 + row / 4 * 2) % 6) as u8);
        }
    }
    (parcels, class)
}

fn grades() -> Vec<FillStyle> {
    let names = ["low", "rather low", "rather high", "high"];
    let mut styles: Vec<_> = names
        .iter()
        .zip(style::GRADES)
        .map(|(n, c)| FillStyle::new(c, *n).note("12 parcels, 1.4 ha"))
        .collect();
    styles.push(style::unknown("unknown"));
    styles.push(FillStyle::new(style::BASE, "not a candidate"));
    styles
}

fn square(x: f64, y: f64, side: f64) -> [[f64; 2]; 5] {
    [[x, y], [x + side, y], [x + side, y + side], [x, y + side], [x, y]]
}

fn png(threads: usize) -> Vec<u8> {
    let (parcels, class) = town(40, 40);
    let mut sites = MultiPolygonArray::new();
    for i in 0..6 {
        sites.push_ring(square(f64::from(i) * 250.0, f64::from(i * i) * 30.0, 90.0));
        sites.end_polygon();
        sites.end_geometry();
    }
    let numbers: Vec<String> = (1..=6).map(|i| i.to_string()).collect();
    let map = Map::new("Town")
        .subtitle("made for a test")
        .size_px([1200, 848])
        .footnote("plane of the test, seed 0")
        .layer(Layer::areas(&parcels, &class, grades()).heading("Efficiency"))
        .layer(Layer::areas(
            &sites,
            &[0, 1, 0, 1, 0, 1],
            vec![style::control_tier(0, "tier 1"), style::control_tier(1, "tier 2")],
        ))
        .layer(Layer::lines(&sites, style::site_outline(), "sites").numbers(&numbers));
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| map.render().unwrap().encode_png().unwrap())
}

#[test]
fn one_thread_and_many_give_the_same_file() {
    assert_eq!(png(1), png(3));
}

#[test]
fn the_file_holds_the_picture_and_the_picture_its_colours() {
    let (parcels, class) = town(30, 30);
    let map = Map::new("Town").size_px([900, 636]).layer(Layer::areas(&parcels, &class, grades()));
    let picture = map.render().unwrap();
    assert!(picture.notes().is_empty());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("map.png");
    picture.write_png(&path).unwrap();
    let file = std::io::BufReader::new(std::fs::File::open(&path).unwrap());
    let mut reader = png::Decoder::new(file).read_info().unwrap();
    let mut rgb = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut rgb).unwrap();
    let expected: Vec<u8> = picture.rgba().chunks_exact(4).flat_map(|p| p[..3].to_vec()).collect();
    assert_eq!(rgb, expected);
    for color in style::GRADES {
        let shown = rgb.chunks_exact(3).filter(|p| **p == [color.r, color.g, color.b]).count();
        assert!(shown > 5_000, "{shown} pixels of {color:?}");
    }
    let error = picture.write_png(folder.path().join("no such folder/map.png")).unwrap_err();
    assert!(matches!(error, Error::Io { .. }), "{error}");
}

#[test]
fn nothing_to_draw_is_no_fault() {
    let empty = MultiPolygonArray::new();
    let mut hollow = MultiPolygonArray::new();
    hollow.end_geometry();
    let mut point = MultiPolygonArray::new();
    point.push_ring([[7.0, 7.0]; 4]);
    point.end_polygon();
    point.end_geometry();
    let names = vec!["somewhere".to_owned()];
    for geometry in [&empty, &hollow, &point] {
        let map = Map::new("")
            .size_px([600, 400])
            .layer(Layer::areas(geometry, &[0], grades()))
            .layer(Layer::lines(geometry, style::district_outline(), "").names(&names))
            .layer(Layer::lines(geometry, style::site_outline(), "").numbers(&names));
        map.render().unwrap();
    }
    let far = Envelope { min: [1e9, 1e9], max: [1e9, 1e9] };
    let (parcels, class) = town(3, 3);
    let layer = Layer::areas(&parcels, &class, grades());
    Map::new("elsewhere").size_px([600, 400]).extent(far).layer(layer).render().unwrap();
    Map::new("no layer").size_px([600, 400]).render().unwrap();
}

#[test]
fn sizes_out_of_range_are_named() {
    for size in [[599, 400], [600, 399], [20_001, 400]] {
        let error = Map::new("").size_px(size).render().unwrap_err();
        assert!(matches!(&error, Error::Param(p) if p.name().ends_with("_px")), "{error}");
    }
}

#[test]
fn characters_without_a_font_are_left_out_and_noted() {
    let (parcels, class) = town(5, 5);
    // A character of private use, which no font has to hold; on a machine without fonts Chinese names fare the same.
    let names = vec!["\u{10FFFD}\u{10FFFD}".to_owned()];
    let map = |names| {
        let lines = Layer::lines(&parcels, style::district_outline(), "").names(names);
        Map::new("Names").size_px([700, 500]).layer(Layer::areas(&parcels, &class, grades())).layer(lines)
    };
    let without = map(&names).render().unwrap();
    assert_eq!(
        without.notes(),
        ["characters of some labels left out: no font with these glyphs on this machine"]
    );
    assert!(map(&[]).render().unwrap().notes().is_empty());

    // The built-in font as the caller's own holds no Chinese: the machine's fonts are not asked, and the note says so.
    let font = concat!(env!("CARGO_MANIFEST_DIR"), "/src/report/map/font/DejaVuSans-subset.ttf");
    let names = vec!["新吴区".to_owned()];
    let picture = map(&names).font(font).render().unwrap();
    assert_eq!(picture.notes(), ["labels in Chinese left out: no font with these glyphs on this machine"]);
    assert_eq!(picture.rgba(), map(&names).font(font).render().unwrap().rgba());
}

#[test]
fn long_tables_and_legends_stay_on_the_page() {
    let (parcels, class) = town(5, 5);
    let table = Table {
        heading: "Largest sites".to_owned(),
        columns: vec!["no.".to_owned(), "district".to_owned(), "area".to_owned()],
        right: vec![true, false, true],
        rows: (1..=200)
            .map(|i| vec![i.to_string(), "A district with a rather long name indeed".to_owned()])
            .collect(),
    };
    let styles: Vec<_> = (0..20)
        .map(|i| FillStyle::new(style::BASE, format!("class {i} with very many words on what it means")))
        .collect();
    let map = Map::new("A title that is far too long for the page ".repeat(4))
        .size_px([900, 600])
        .layer(Layer::areas(&parcels, &class, styles).heading("Classes"))
        .table(table);
    let picture = map.render().unwrap();
    // The margin at the right and at the foot stays white.
    let [width, height] = picture.size_px().map(|v| v as usize);
    let white = |x: usize, y: usize| picture.rgba()[(y * width + x) * 4..][..3] == [255; 3];
    assert!((0..height).all(|y| (width - 15..width).all(|x| white(x, y))));
    assert!((height - 8..height).all(|y| (0..width).all(|x| white(x, y))));
}
