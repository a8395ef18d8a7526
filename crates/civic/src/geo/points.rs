//! Places of which only a point is known: the nearest one answers, within a stated distance.

use super::{AtlasError, is_position};
use crate::division::DivisionCode;

const EARTH_RADIUS_METRES: f64 = 6_371_008.8;
const AT_THE_POINT: f64 = 80.0;
const AT_THE_LIMIT: f64 = 40.0;
/// Another place's point less than this much farther makes the answer a toss-up.
const HARDLY_FARTHER: f64 = 1.2;
const TOSS_UP: f64 = 15.0;

#[derive(Clone, Debug)]
struct Point {
    latitude: f64,
    longitude: f64,
    within: f64,
    code: DivisionCode,
}

/// Ordered by latitude, so that only those within reach to the north and south are looked at.
#[derive(Clone, Debug, Default)]
pub(super) struct Points {
    points: Vec<Point>,
    farthest: f64,
}

impl Points {
    pub(super) fn load_csv(&mut self, text: &str, within: f64) -> Result<usize, AtlasError> {
        if !(within.is_finite() && within > 0.0) {
            return Err(AtlasError::Distance);
        }
        let mut lines = text.trim_start_matches('\u{feff}').lines().enumerate();
        let columns = lines.next().and_then(|(_, header)| columns(header)).ok_or(AtlasError::Columns)?;
        let mut read = Vec::new();
        for (index, row) in lines.filter(|(_, row)| !row.trim().is_empty()) {
            read.push(point(row, columns, within).ok_or(AtlasError::Point { line: index + 1 })?);
        }
        let count = read.len();
        self.points.extend(read);
        self.points.sort_by(|a, b| a.latitude.total_cmp(&b.latitude));
        self.farthest = self.farthest.max(within);
        Ok(count)
    }

    pub(super) fn codes(&self) -> impl Iterator<Item = &DivisionCode> {
        self.points.iter().map(|point| &point.code)
    }

    pub(super) fn nearest(&self, latitude: f64, longitude: f64) -> Option<(&DivisionCode, u8)> {
        let reach = (self.farthest / EARTH_RADIUS_METRES).to_degrees();
        let from = self.points.partition_point(|point| point.latitude < latitude - reach);
        let near = self.points[from..].iter().take_while(|point| point.latitude <= latitude + reach);
        let mut near: Vec<(f64, &Point)> = near
            .map(|point| (metres(latitude, longitude, point), point))
            .filter(|(distance, point)| *distance <= point.within)
            .collect();
        near.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (distance, nearest) = near.first()?;
        let rival = near.iter().find(|(_, point)| point.code != nearest.code);
        let toss_up = rival.is_some_and(|(farther, _)| *farther < distance * HARDLY_FARTHER);
        let share = distance / nearest.within;
        let confidence = AT_THE_POINT - share * (AT_THE_POINT - AT_THE_LIMIT) - if toss_up { TOSS_UP } else { 0.0 };
        Some((&nearest.code, rounded(confidence)))
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to what a confidence can be")]
fn rounded(confidence: f64) -> u8 {
    confidence.clamp(0.0, 100.0).round() as u8
}

/// On a plane that touches the earth between the two: off by far less than a metre over the distances at which a point answers.
fn metres(latitude: f64, longitude: f64, point: &Point) -> f64 {
    let middle = f64::midpoint(latitude, point.latitude).to_radians();
    let north = (latitude - point.latitude).to_radians();
    let east = (longitude - point.longitude).to_radians() * middle.cos();
    north.hypot(east) * EARTH_RADIUS_METRES
}

/// Where code, longitude and latitude stand in a row.
fn columns(header: &str) -> Option<[usize; 3]> {
    let place = |names: &[&str]| header.split(',').position(|column| names.contains(&column.trim()));
    Some([place(&["code"])?, place(&["lon", "longitude"])?, place(&["lat", "latitude"])?])
}

fn point(row: &str, columns: [usize; 3], within: f64) -> Option<Point> {
    let values: Vec<&str> = row.split(',').map(str::trim).collect();
    let [code, longitude, latitude] = columns.map(|column| values.get(column).copied());
    let (longitude, latitude): (f64, f64) = (longitude?.parse().ok()?, latitude?.parse().ok()?);
    let code = code?.parse().ok()?;
    is_position(longitude, latitude).then_some(Point { latitude, longitude, within, code })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = "code,name,lon,lat\n500101,甲区,106.0,29.0\n500102,乙区,106.1,29.0\n";

    fn loaded(within: f64) -> Points {
        let mut points = Points::default();
        assert_eq!(points.load_csv(TWO, within).unwrap(), 2);
        points
    }

    fn nearest(points: &Points, latitude: f64, longitude: f64) -> Option<(&str, u8)> {
        points.nearest(latitude, longitude).map(|(code, confidence)| (code.as_str(), confidence))
    }

    #[test]
    fn the_nearest_point_answers_and_is_less_sure_with_distance() {
        let points = loaded(10_000.0);
        assert_eq!(nearest(&points, 29.0, 106.0), Some(("500101", 80)));
        let (code, farther) = nearest(&points, 29.02, 106.0).unwrap();
        assert!(code == "500101" && (40..80).contains(&farther));
        assert_eq!(nearest(&points, 29.0, 106.09).unwrap().0, "500102");
        // Half-way between the two, which lie 9.7 km apart.
        assert_eq!(nearest(&points, 29.0, 106.051), Some(("500102", 46)));
    }

    #[test]
    fn beyond_the_stated_distance_nobody_answers() {
        let points = loaded(1_000.0);
        assert!(nearest(&points, 29.0089, 106.0).is_some());
        assert_eq!(nearest(&points, 29.0091, 106.0), None);
        assert_eq!(nearest(&points, 29.0, 106.05), None);
    }

    #[test]
    fn a_table_that_cannot_be_read_adds_nothing() {
        let mut points = Points::default();
        assert!(matches!(points.load_csv("code,x,y\n", 1.0), Err(AtlasError::Columns)));
        assert!(matches!(points.load_csv("", 1.0), Err(AtlasError::Columns)));
        for row in ["500101,106.0", "x,106.0,29.0", "500101,29.0,106.0", "500101,NaN,29.0"] {
            let text = format!("code,lon,lat\n500102,106.0,29.0\n{row}\n");
            assert!(matches!(points.load_csv(&text, 1.0), Err(AtlasError::Point { line: 3 })), "{row}");
        }
        for within in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(matches!(points.load_csv(TWO, within), Err(AtlasError::Distance)));
        }
        assert_eq!(points.codes().count(), 0);
    }
}
