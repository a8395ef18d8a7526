//! Names of cases. A report and its work order share their 26 characters.

use civic::CaseId;
use std::fmt;
use std::str::FromStr;

/// A work order or a report.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum CaseName {
    WorkOrder(CaseId),
    Report(CaseId),
}

/// The text names no case.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a case is named workOrders/<26 characters>, reports/<26 characters> or by the 26 characters alone")]
pub struct NotAName;

impl CaseName {
    /// The work order of the same matter.
    #[must_use]
    pub const fn work_order(&self) -> Self {
        match self {
            Self::WorkOrder(id) | Self::Report(id) => Self::WorkOrder(*id),
        }
    }
}

impl FromStr for CaseName {
    type Err = NotAName;

    fn from_str(text: &str) -> Result<Self, NotAName> {
        let id = |text: &str| text.parse::<CaseId>().map_err(|_| NotAName);
        match text.split_once('/') {
            None => id(text).map(Self::WorkOrder),
            Some(("workOrders", text)) => id(text).map(Self::WorkOrder),
            Some(("reports", text)) => id(text).map(Self::Report),
            Some(_) => Err(NotAName),
        }
    }
}

/// As in paths.
impl fmt::Display for CaseName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WorkOrder(id) => write!(f, "workOrders/{id}"),
            Self::Report(id) => write!(f, "reports/{id}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_reads_back_and_leads_to_its_work_order() {
        let id = CaseId::from_bytes([1; 16]).to_string();
        let report: CaseName = format!("reports/{id}").parse().unwrap();
        assert_eq!(report.to_string(), format!("reports/{id}"));
        assert_eq!(report.work_order().to_string(), format!("workOrders/{id}"));
        assert_eq!(id.parse::<CaseName>().unwrap(), report.work_order());
        for text in ["", "1", "duties/1", "workOrders/", "reports/../admin"] {
            assert_eq!(text.parse::<CaseName>(), Err(NotAName), "{text}");
        }
    }
}
