//! Real boundaries, kept outside the repository: the folder beside it, or the one named by `JIEWANG_TEST_GEO`.

use std::path::PathBuf;

use civic::{Atlas, FoundBy, Tree};

/// The text of a file of test data. On the build server a missing one fails; at a desk it is said and passed over.
fn test_data(name: &str) -> Option<String> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/geo");
    let folder = std::env::var_os("JIEWANG_TEST_GEO").map_or_else(beside, PathBuf::from);
    match std::fs::read_to_string(folder.join(name)) {
        Ok(text) => Some(text),
        Err(problem) if std::env::var_os("CI").is_some() => panic!("{name}: {problem}"),
        Err(problem) => {
            println!("skipped, because {name} cannot be read: {problem}");
            None
        }
    }
}

#[test]
fn every_district_contains_its_own_point_or_has_a_neighbour_in_between() {
    let (Some(map), Some(points)) = (test_data("cq-districts-simplified.geojson"), test_data("cq-district-points.csv"))
    else {
        return;
    };
    let mut atlas = Atlas::empty();
    assert!(atlas.load_geojson(&map, "code").unwrap() >= 38);
    let mut inside = 0;
    for row in points.lines().skip(1) {
        let columns: Vec<&str> = row.split(',').collect();
        let (longitude, latitude): (f64, f64) = (columns[2].parse().unwrap(), columns[3].parse().unwrap());
        let (code, by, _) = atlas.locate(latitude, longitude).unwrap();
        assert_eq!(by, FoundBy::Polygon);
        inside += usize::from(code.as_str() == columns[0]);
    }
    // The middle of a district that is bent round another may lie in that one.
    assert!(inside >= 36, "{inside} of 38");
}

#[test]
fn known_spots_lie_in_their_districts_by_polygon_and_by_point() {
    let (Some(map), Some(points)) = (test_data("cq-districts-simplified.geojson"), test_data("cq-district-points.csv"))
    else {
        return;
    };
    let mut polygons = Atlas::empty();
    polygons.load_geojson(&map, "code").unwrap();
    let mut nearest = Atlas::empty();
    assert_eq!(nearest.load_points_csv(&points, 60_000.0).unwrap(), 38);
    // The town hall square of Tongliang, and the monument in the middle of the city.
    for (latitude, longitude, district) in [(29.8449, 106.0564, "500151"), (29.5574, 106.5770, "500103")] {
        let found = |atlas: &Atlas| atlas.locate(latitude, longitude).map(|(code, by, _)| (code.to_string(), by));
        assert_eq!(found(&polygons), Some((district.to_owned(), FoundBy::Polygon)));
        assert_eq!(found(&nearest), Some((district.to_owned(), FoundBy::Point)));
    }
    assert!(polygons.locate(42.36, -71.06).is_none(), "Boston is not in Chongqing");
}

#[test]
fn a_map_from_before_the_reform_leads_to_todays_district() {
    let mut atlas = Atlas::empty();
    let square = "[[106.0,29.0],[107.0,29.0],[107.0,30.0],[106.0,30.0],[106.0,29.0]]";
    let map = format!(
        r#"{{"type":"FeatureCollection","features":[{{"type":"Feature","properties":{{"code":"500105"}},"geometry":{{"type":"Polygon","coordinates":[{square}]}}}}]}}"#
    );
    atlas.load_geojson(&map, "code").unwrap();
    let (code, _, _) = atlas.locate(29.5, 106.5).unwrap();
    let today = Tree::chongqing().on(jiff::civil::date(2026, 1, 1));
    let place = today.place(&code).unwrap();
    assert_eq!((place.code.as_str(), place.district.unwrap().as_str()), ("500105", "500194"));
}
