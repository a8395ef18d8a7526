//! GeoJSON (RFC 7946) as far as maps of places need it: a FeatureCollection of Polygons and MultiPolygons.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::polygon::{Polygon, Position};
use super::{AtlasError, is_position};
use crate::division::DivisionCode;

#[derive(Deserialize)]
struct Collection {
    features: Vec<Feature>,
}

#[derive(Deserialize)]
struct Feature {
    #[serde(default)]
    properties: Option<Map<String, Value>>,
    geometry: Option<Geometry>,
}

// Positions may carry a height behind longitude and latitude.
type Ring = Vec<Vec<f64>>;

#[derive(Deserialize)]
#[serde(tag = "type", content = "coordinates")]
enum Geometry {
    Polygon(Vec<Ring>),
    MultiPolygon(Vec<Vec<Ring>>),
}

pub(super) fn read(text: &str, code_property: &str) -> Result<Vec<Polygon>, AtlasError> {
    let collection: Collection = serde_json::from_str(text.trim_start_matches('\u{feff}'))?;
    let mut polygons = Vec::new();
    for (index, feature) in collection.features.into_iter().enumerate() {
        let number = index + 1;
        let missing = || AtlasError::Code { feature: number, property: code_property.to_owned() };
        let code = code(&feature, code_property).ok_or_else(missing)?;
        let parts = match feature.geometry {
            Some(Geometry::Polygon(rings)) => vec![rings],
            Some(Geometry::MultiPolygon(parts)) => parts,
            None => return Err(AtlasError::Geometry { feature: number }),
        };
        for rings in parts {
            let rings: Option<Vec<Vec<Position>>> = rings.iter().map(closed).collect();
            let rings = rings.filter(|rings| !rings.is_empty()).ok_or(AtlasError::Ring { feature: number })?;
            polygons.push(Polygon::new(code.clone(), rings));
        }
    }
    Ok(polygons)
}

/// Maps carry the code as text or as a number.
fn code(feature: &Feature, property: &str) -> Option<DivisionCode> {
    let value = feature.properties.as_ref()?.get(property)?;
    let number = value.as_u64().map(|number| number.to_string());
    value.as_str().map(str::to_owned).or(number)?.parse().ok()
}

/// A ring of at least a triangle, with its first position again at the end.
fn closed(ring: &Ring) -> Option<Vec<Position>> {
    let mut positions = Vec::with_capacity(ring.len() + 1);
    for position in ring {
        let [longitude, latitude, ..] = position[..] else { return None };
        if !is_position(longitude, latitude) {
            return None;
        }
        positions.push((longitude, latitude));
    }
    let first = *positions.first()?;
    if positions.last() != Some(&first) {
        positions.push(first);
    }
    (positions.len() >= 4).then_some(positions)
}
