//! OpenAPI.
use crate::descriptors::Descriptors;
use crate::routes::Table;
pub(crate) fn document(_d: &Descriptors, _t: &Table) -> serde_json::Value {
    serde_json::json!({})
}
pub(crate) fn page(_d: &serde_json::Value) -> String {
    String::new()
}
