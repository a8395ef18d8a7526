//! From coordinates to the place they lie in, by polygons or points that an operator loads.
//!
//! A polygon that contains the coordinates goes before any point; of several the lowest tier, then the smallest area. Without one the nearest point
//! answers, if it is within the distance stated when the points were loaded. The answer says which of the two it was, and how sure:
//! 95 inside a polygon (70 where two of one tier overlap), from 80 at a point down to 40 at the stated distance, 15 less where another place's point is
//! hardly farther. Coordinates are taken as they come: maps drawn in GCJ-02 lie about 500 m off WGS-84 here, so load maps and send positions in one of the two.
//!
//! An atlas knows codes, not the tree: ask a `View` for the successor or the parents of what it finds.

mod geojson;
mod points;
mod polygon;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::division::DivisionCode;
use points::Points;
use polygon::Polygon;

/// Width of a band of latitude, in degrees: about five kilometres, the size of a town.
const BAND: f64 = 0.05;
const INSIDE: u8 = 95;
const INSIDE_TWO: u8 = 70;

/// How a place was found.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FoundBy {
    /// The coordinates lie in the place's polygon.
    Polygon,
    /// The place's point is the nearest one.
    Point,
}

/// Why map data cannot be loaded. Features and lines count from 1.
#[derive(Debug, thiserror::Error)]
pub enum AtlasError {
    #[error("not a GeoJSON FeatureCollection")]
    Json(#[from] serde_json::Error),
    #[error("feature {feature}: property {property} is not the code of a place")]
    Code { feature: usize, property: String },
    #[error("feature {feature}: expected a Polygon or MultiPolygon")]
    Geometry { feature: usize },
    #[error("feature {feature}: a ring needs four positions of longitude and latitude in degrees")]
    Ring { feature: usize },
    #[error("the first line must name the columns code, lon (or longitude) and lat (or latitude)")]
    Columns,
    #[error("line {line}: expected a code, a longitude and a latitude in degrees")]
    Point { line: usize },
    #[error("the distance must be a positive number of metres")]
    Distance,
}

/// Polygons and points of places.
#[derive(Clone, Default)]
pub struct Atlas {
    polygons: Vec<Polygon>,
    /// Band of latitude to the polygons that reach into it.
    bands: BTreeMap<i32, Vec<u32>>,
    points: Points,
}

impl Atlas {
    /// Without any place: finds nothing.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// Adds the polygons of a GeoJSON FeatureCollection (RFC 7946) of Polygons and MultiPolygons, whose features carry the code of the place in the
    /// named property. Gives their number. Nothing is added when anything is wrong.
    ///
    /// # Errors
    /// [`AtlasError`] with the feature.
    pub fn load_geojson(&mut self, text: &str, code_property: &str) -> Result<usize, AtlasError> {
        let read = geojson::read(text, code_property)?;
        let count = read.len();
        for polygon in read {
            let index = u32::try_from(self.polygons.len()).expect("fewer than four thousand million polygons");
            for band in band(polygon.south())..=band(polygon.north()) {
                self.bands.entry(band).or_default().push(index);
            }
            self.polygons.push(polygon);
        }
        Ok(count)
    }

    /// Adds the points of a CSV whose header names `code`, `lon` and `lat` among its columns. Each answers for coordinates within so many metres. Gives their
    /// number. Nothing is added when anything is wrong.
    ///
    /// # Errors
    /// [`AtlasError`] with the line.
    pub fn load_points_csv(&mut self, text: &str, within_metres: f64) -> Result<usize, AtlasError> {
        self.points.load_csv(text, within_metres)
    }

    /// The place at these coordinates (degrees), how it was found, and how sure that is, 0 to 100. `None` outside everything loaded, and for
    /// coordinates that are none.
    #[must_use]
    pub fn locate(&self, latitude: f64, longitude: f64) -> Option<(DivisionCode, FoundBy, u8)> {
        if !is_position(longitude, latitude) {
            return None;
        }
        let inside = self.polygon_at(latitude, longitude);
        let inside = inside.map(|(code, confidence)| (code.clone(), FoundBy::Polygon, confidence));
        inside.or_else(|| {
            let (code, confidence) = self.points.nearest(latitude, longitude)?;
            Some((code.clone(), FoundBy::Point, confidence))
        })
    }

    /// The places something is loaded for, in no order and perhaps more than once: to be checked against the tree.
    pub fn codes(&self) -> impl Iterator<Item = &DivisionCode> {
        self.polygons.iter().map(Polygon::code).chain(self.points.codes())
    }

    /// Nothing is loaded.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.codes().next().is_none()
    }

    fn polygon_at(&self, latitude: f64, longitude: f64) -> Option<(&DivisionCode, u8)> {
        let candidates = self.bands.get(&band(latitude))?.iter().map(|index| &self.polygons[*index as usize]);
        let mut inside: Vec<&Polygon> = candidates.filter(|polygon| polygon.contains(longitude, latitude)).collect();
        inside.sort_by(|a, b| b.code().tier().cmp(&a.code().tier()).then(a.area().total_cmp(&b.area())));
        let best = inside.first()?;
        let rival =
            inside[1..].iter().any(|other| other.code().tier() == best.code().tier() && other.code() != best.code());
        Some((best.code(), if rival { INSIDE_TWO } else { INSIDE }))
    }
}

impl fmt::Debug for Atlas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Atlas({} polygons, {} points)", self.polygons.len(), self.points.codes().count())
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a latitude is at most 90 degrees, 1,800 bands")]
fn band(latitude: f64) -> i32 {
    (latitude / BAND).floor() as i32
}

fn is_position(longitude: f64, latitude: f64) -> bool {
    (-180.0..=180.0).contains(&longitude) && (-90.0..=90.0).contains(&latitude)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SQUARES: &str = r#"{"type":"FeatureCollection","features":[
        {"type":"Feature","properties":{"code":"500101"},"geometry":{"type":"Polygon","coordinates":[
            [[106.0,29.0],[107.0,29.0],[107.0,30.0],[106.0,30.0],[106.0,29.0]],
            [[106.4,29.4],[106.6,29.4],[106.6,29.6],[106.4,29.6],[106.4,29.4]]]}},
        {"type":"Feature","properties":{"code":500102},"geometry":{"type":"MultiPolygon","coordinates":[
            [[[107.0,29.0],[108.0,29.0],[108.0,30.0],[107.0,30.0],[107.0,29.0]]],
            [[[106.45,29.45],[106.55,29.45],[106.55,29.55],[106.45,29.55],[106.45,29.45]]]]}},
        {"type":"Feature","properties":{"code":"500101001"},"geometry":{"type":"Polygon","coordinates":[
            [[106.0,29.0],[106.1,29.0],[106.1,29.1],[106.0,29.1],[106.0,29.0]]]}}]}"#;

    fn squares() -> Atlas {
        let mut atlas = Atlas::empty();
        assert_eq!(atlas.load_geojson(SQUARES, "code").unwrap(), 4);
        atlas
    }

    fn at(atlas: &Atlas, latitude: f64, longitude: f64) -> Option<(String, FoundBy, u8)> {
        atlas.locate(latitude, longitude).map(|(code, by, confidence)| (code.to_string(), by, confidence))
    }

    fn inside(code: &str) -> Option<(String, FoundBy, u8)> {
        Some((code.to_owned(), FoundBy::Polygon, INSIDE))
    }

    #[test]
    fn holes_islands_and_lower_tiers_are_found() {
        let atlas = squares();
        assert_eq!(at(&atlas, 29.8, 106.2), inside("500101"));
        assert_eq!(at(&atlas, 29.42, 106.42), None, "in the hole");
        assert_eq!(at(&atlas, 29.5, 106.5), inside("500102"), "on the island in the hole");
        assert_eq!(at(&atlas, 29.05, 106.05), inside("500101001"), "the town before its district");
        assert_eq!(at(&atlas, 30.5, 106.5), None);
    }

    #[test]
    fn a_border_belongs_to_one_side_only() {
        let atlas = squares();
        let on_the_border = at(&atlas, 29.8, 107.0).unwrap();
        assert_eq!((on_the_border.1, on_the_border.2), (FoundBy::Polygon, INSIDE));
    }

    #[test]
    fn overlapping_places_of_one_tier_make_the_answer_less_sure() {
        let mut atlas = squares();
        atlas.load_geojson(&SQUARES.replace("500101\"", "500103\""), "code").unwrap();
        assert_eq!(at(&atlas, 29.8, 106.2).unwrap().2, INSIDE_TWO);
    }

    #[test]
    fn coordinates_that_are_none_are_nowhere() {
        let atlas = squares();
        for (latitude, longitude) in
            [(f64::NAN, 106.2), (29.8, f64::INFINITY), (91.0, 106.2), (106.2, 29.8), (29.8, 200.0)]
        {
            assert_eq!(at(&atlas, latitude, longitude), None);
        }
        assert!(Atlas::empty().is_empty() && Atlas::empty().locate(29.8, 106.2).is_none());
    }

    #[test]
    fn a_map_that_cannot_be_read_adds_nothing() {
        let mut atlas = Atlas::empty();
        let broken = [
            ("{", "code"),
            ("{\"type\":\"Feature\"}", "code"),
            (SQUARES, "adcode"),
            (&SQUARES.replace("500101001", "Bachuan"), "code"),
            (&SQUARES.replace("106.1,29.1", "206.1,29.1"), "code"),
            (&SQUARES.replace("[106.1,29.1],", "[106.1],"), "code"),
            (&SQUARES.replace("[106.1,29.1],[106.0,29.1],", ""), "code"),
            (&SQUARES.replace("MultiPolygon", "MultiPoint"), "code"),
        ];
        for (text, property) in broken {
            assert!(atlas.load_geojson(text, property).is_err(), "{text}");
        }
        assert!(atlas.is_empty());
    }

    #[test]
    fn a_polygon_goes_before_a_nearer_point() {
        let mut atlas = squares();
        atlas.load_points_csv("code,lat,lon\n500104,29.8,106.2\n", 1_000.0).unwrap();
        assert_eq!(at(&atlas, 29.8, 106.2), inside("500101"));
    }
}
