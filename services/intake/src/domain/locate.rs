//! Where a report lies: by the code that was given, else by coordinates, else by the words of an address.
//!
//! A code is certain. Coordinates are as certain as the map an operator loaded. An address is a guess with a confidence; below
//! the threshold the report lies at the best district or at the territory's root and a person decides. A report is never
//! refused for a vague address: people in need say where they are as well as they can.

use crate::domain::kind::FoundBy;
use civic::{Atlas, DivisionCode, Gazetteer, Place, View};

/// What was said about the place, each part already of the right shape.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Told {
    pub code: Option<DivisionCode>,
    /// WGS 84 latitude and longitude, degrees.
    pub coordinates: Option<(f64, f64)>,
    pub address: Option<String>,
}

/// What the place is looked for in.
#[derive(Clone, Copy)]
pub struct Ground<'g> {
    pub view: &'g View,
    /// The place whose cluster this is.
    pub root: &'g DivisionCode,
    pub atlas: &'g Atlas,
    pub gazetteer: &'g Gazetteer,
    pub bounds: Bounds,
    pub thresholds: Thresholds,
}

/// Box around the territory, degrees.
#[derive(Debug, Clone, Copy, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    pub south: f64,
    pub north: f64,
    pub west: f64,
    pub east: f64,
}

impl Bounds {
    pub fn contain(&self, latitude: f64, longitude: f64) -> bool {
        (self.south..=self.north).contains(&latitude) && (self.west..=self.east).contains(&longitude)
    }
}

/// Confidences, 0..=100.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thresholds {
    /// From here on the place needs nobody's look.
    pub sure: u8,
    /// From here on its district is believed.
    pub guess: u8,
}

/// The place, and how it was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Located {
    pub place: Place,
    pub found_by: FoundBy,
    pub confidence: u8,
    pub needs_person: bool,
}

/// Why a place cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Lost {
    #[error("no such division today")]
    CodeUnknown,
    #[error("the division lies outside the territory")]
    CodeOutside,
    #[error("the coordinates lie outside the territory")]
    CoordinatesOutside,
}

/// Finds the place by the best of what was told.
pub fn locate(told: &Told, ground: &Ground<'_>) -> Result<Located, Lost> {
    // Checked even when a code decides: a position elsewhere means that one of the two is wrong.
    let by_map = told.coordinates.map(|(latitude, longitude)| on_map(latitude, longitude, ground)).transpose()?;
    if let Some(code) = &told.code {
        return by_code(code, ground);
    }
    if let Some(found) = by_map.flatten() {
        return Ok(found);
    }
    Ok(told.address.as_deref().map_or_else(|| nowhere(ground), |address| by_address(address, ground)))
}

fn by_code(code: &DivisionCode, ground: &Ground<'_>) -> Result<Located, Lost> {
    // A place that was dissolved is answered for by another one: people and machines go on using the old code for years.
    let today = match ground.view.get(code) {
        Some(_) => code.clone(),
        None => ground.view.successor(code).ok_or(Lost::CodeUnknown)?,
    };
    if !ground.view.contains(ground.root, &today) {
        return Err(Lost::CodeOutside);
    }
    let place = ground.view.place(&today).ok_or(Lost::CodeUnknown)?;
    Ok(Located { place, found_by: FoundBy::Code, confidence: 100, needs_person: false })
}

/// `None`: inside the box, but no polygon or point of the loaded map answers.
fn on_map(latitude: f64, longitude: f64, ground: &Ground<'_>) -> Result<Option<Located>, Lost> {
    if !ground.bounds.contain(latitude, longitude) {
        return Err(Lost::CoordinatesOutside);
    }
    let Some((code, by, confidence)) = ground.atlas.locate(latitude, longitude) else {
        return Ok(None);
    };
    // A map may be older than the tree.
    let Some(place) = today(&code, ground) else {
        return Ok(None);
    };
    if !ground.view.contains(ground.root, &place.code) {
        return Err(Lost::CoordinatesOutside);
    }
    let found_by = match by {
        civic::FoundBy::Polygon => FoundBy::Polygon,
        civic::FoundBy::Point => FoundBy::Point,
    };
    Ok(Some(Located { place, found_by, confidence, needs_person: confidence < ground.thresholds.sure }))
}

fn by_address(address: &str, ground: &Ground<'_>) -> Located {
    let Some((code, confidence)) = ground.gazetteer.find(address) else {
        return nowhere(ground);
    };
    let inside = today(&code, ground).filter(|place| ground.view.contains(ground.root, &place.code));
    let Some(place) = inside.filter(|_| confidence >= ground.thresholds.guess) else {
        return nowhere(ground);
    };
    if confidence >= ground.thresholds.sure {
        return Located { place, found_by: FoundBy::Address, confidence, needs_person: false };
    }
    // The district is right more often than the street; a person finds the rest.
    let district = place.district.as_ref().filter(|code| ground.view.contains(ground.root, code));
    let believed = district.and_then(|code| ground.view.place(code));
    let place = believed.unwrap_or_else(|| root(ground));
    Located { place, found_by: FoundBy::Address, confidence, needs_person: true }
}

fn nowhere(ground: &Ground<'_>) -> Located {
    Located { place: root(ground), found_by: FoundBy::None, confidence: 0, needs_person: true }
}

fn today(code: &DivisionCode, ground: &Ground<'_>) -> Option<Place> {
    let code = ground.view.get(code).map(|_| code.clone()).or_else(|| ground.view.successor(code))?;
    ground.view.place(&code)
}

fn root(ground: &Ground<'_>) -> Place {
    let bare = || Place { code: ground.root.clone(), district: None, town: None, village: None, grid: None };
    ground.view.place(ground.root).unwrap_or_else(bare)
}

#[cfg(test)]
mod tests {
    use super::*;
    use civic::{Micros, Tree};

    const AFTER_THE_REFORM: Micros = Micros(1_780_000_000_000_000);

    fn located(told: &Told, root: &str) -> Result<Located, Lost> {
        let view = Tree::chongqing().today(AFTER_THE_REFORM);
        let gazetteer = Gazetteer::new(&view);
        let mut atlas = Atlas::empty();
        let square = r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"code":"500151"},
            "geometry":{"type":"Polygon","coordinates":[[[106,29.7],[106.1,29.7],[106.1,29.9],[106,29.9],[106,29.7]]]}}]}"#;
        atlas.load_geojson(square, "code").unwrap();
        locate(
            told,
            &Ground {
                view: &view,
                root: &root.parse().unwrap(),
                atlas: &atlas,
                gazetteer: &gazetteer,
                bounds: Bounds { south: 28.1, north: 32.3, west: 105.2, east: 110.3 },
                thresholds: Thresholds { sure: 60, guess: 30 },
            },
        )
    }

    fn code(text: &str) -> Told {
        Told { code: Some(text.parse().unwrap()), ..Told::default() }
    }

    fn at(latitude: f64, longitude: f64) -> Told {
        Told { coordinates: Some((latitude, longitude)), ..Told::default() }
    }

    fn address(text: &str) -> Told {
        Told { address: Some(text.into()), ..Told::default() }
    }

    #[test]
    fn a_code_is_certain() {
        let found = located(&code("500151001"), "50").unwrap();
        assert_eq!((found.found_by, found.confidence, found.needs_person), (FoundBy::Code, 100, false));
        assert_eq!(found.place.district.unwrap().as_str(), "500151");
    }

    #[test]
    fn a_dissolved_district_is_answered_for_by_its_successor() {
        let found = located(&code("500112"), "50").unwrap();
        assert_ne!(found.place.code.as_str(), "500112");
    }

    #[test]
    fn an_unknown_code_and_one_outside_the_territory_are_refused() {
        assert_eq!(located(&code("509999"), "50"), Err(Lost::CodeUnknown));
        assert_eq!(located(&code("500103"), "500151"), Err(Lost::CodeOutside));
    }

    #[test]
    fn coordinates_in_a_polygon_are_placed_by_it() {
        let found = located(&at(29.8, 106.05), "50").unwrap();
        assert_eq!((found.place.code.as_str(), found.found_by), ("500151", FoundBy::Polygon));
    }

    #[test]
    fn coordinates_that_no_polygon_answers_for_go_to_a_person() {
        let found = located(&at(30.8, 108.3), "50").unwrap();
        assert_eq!((found.place.code.as_str(), found.found_by, found.needs_person), ("50", FoundBy::None, true));
    }

    #[test]
    fn coordinates_of_another_city_are_refused_whatever_else_is_told() {
        assert_eq!(located(&at(39.9, 116.4), "50"), Err(Lost::CoordinatesOutside));
        let told = Told { code: Some("500151".parse().unwrap()), ..at(39.9, 116.4) };
        assert_eq!(located(&told, "50"), Err(Lost::CoordinatesOutside));
        assert_eq!(located(&at(29.8, 106.05), "500103"), Err(Lost::CoordinatesOutside));
    }

    #[test]
    fn a_full_address_is_placed_in_its_town() {
        let found = located(&address("重庆市铜梁区巴川街道中兴路12号"), "50").unwrap();
        assert_eq!(
            (found.place.code.as_str(), found.found_by, found.needs_person),
            ("500151001", FoundBy::Address, false)
        );
    }

    #[test]
    fn an_address_that_says_nothing_lies_at_the_root_for_a_person() {
        let found = located(&address("我家门口"), "500151").unwrap();
        assert_eq!((found.place.code.as_str(), found.confidence, found.needs_person), ("500151", 0, true));
    }

    #[test]
    fn an_address_of_another_district_is_not_refused_but_looked_at() {
        let found = located(&address("重庆市渝中区解放碑"), "500151").unwrap();
        assert_eq!((found.place.code.as_str(), found.needs_person), ("500151", true));
    }
}
