//! Our own table, for whoever has reports in a spreadsheet.
//!
//! ```text
//! requestId      any text up to 64 characters; when empty: <channel>/<channelNumber>
//! channelNumber  the channel's own number; the same number and content is the same report for ever. One of the two is needed.
//! kind           CONSULT, HELP, COMPLAINT, ACCUSATION, SUGGESTION                                     needed
//! channel        as in POST /v1/reports; the token's role must be allowed at that door               needed
//! text           what is the matter                                                                   needed
//! categoryCode, urgency, occurTime (RFC 3339)
//! divisionCode | latitude,longitude | address
//! name, phone, anonymous, secret, noReply (true, false or empty)
//! ```
//! Columns may stand in any order and those not needed may be left out; a column of another name is refused, since a misspelt
//! name would lose its data silently. What the values may be is the gateway's to say.

use super::filing::{Filing, Location, Reporter, RowError, id};
use super::source::TableError;
use csv::StringRecord;

const NEEDED: [&str; 3] = ["kind", "channel", "text"];
const OTHERS: [&str; 14] = [
    "requestId",
    "channelNumber",
    "categoryCode",
    "urgency",
    "occurTime",
    "divisionCode",
    "latitude",
    "longitude",
    "address",
    "name",
    "phone",
    "anonymous",
    "secret",
    "noReply",
];

/// The columns of a file, in the order of its header.
#[derive(Debug)]
pub struct Own {
    columns: Vec<String>,
}

impl Own {
    /// The table, when the header has the columns that are needed.
    pub(super) fn recognise(header: &[&str]) -> Result<Option<Self>, TableError> {
        if !NEEDED.iter().all(|name| header.contains(name)) {
            return Ok(None);
        }
        if let Some(strange) = header.iter().find(|name| !NEEDED.contains(name) && !OTHERS.contains(name)) {
            return Err(TableError::Column((*strange).to_owned()));
        }
        Ok(Some(Self { columns: header.iter().map(|name| (*name).to_owned()).collect() }))
    }

    pub(super) fn filing(&self, record: &StringRecord) -> Result<Filing, RowError> {
        let column = |name: &str| {
            let index = self.columns.iter().position(|column| column == name);
            index.and_then(|index| record.get(index)).unwrap_or_default().trim()
        };
        let needed = |name: &'static str| match column(name) {
            "" => Err(RowError::Empty(name)),
            text => Ok(text.to_owned()),
        };
        let channel = needed("channel")?;
        let channel_number = id(column("channelNumber").to_owned(), "channelNumber")?;
        let request_id = match (column("requestId"), channel_number.as_str()) {
            ("", "") => return Err(RowError::NoId),
            ("", number) => format!("{channel}/{number}"),
            (given, _) => given.to_owned(),
        };
        Ok(Filing {
            request_id: id(request_id, "requestId")?,
            kind: needed("kind")?,
            channel,
            channel_number,
            text: needed("text")?,
            category_code: column("categoryCode").to_owned(),
            location: location(column)?,
            reporter: reporter(column)?,
            occur_time: column("occurTime").to_owned(),
            urgency: column("urgency").to_owned(),
        })
    }
}

fn location<'r>(column: impl Fn(&str) -> &'r str) -> Result<Location, RowError> {
    let degrees = |name: &'static str| match column(name) {
        "" => Ok(None),
        text => {
            let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
            number.map(Some).ok_or(RowError::Unreadable { column: name, what: "number of degrees" })
        }
    };
    Ok(Location {
        latitude: degrees("latitude")?,
        longitude: degrees("longitude")?,
        division_code: column("divisionCode").to_owned(),
        address: column("address").to_owned(),
    })
}

fn reporter<'r>(column: impl Fn(&str) -> &'r str) -> Result<Reporter, RowError> {
    let truth = |name: &'static str| match column(name) {
        "" | "false" => Ok(false),
        "true" => Ok(true),
        _ => Err(RowError::Unreadable { column: name, what: "true or false" }),
    };
    Ok(Reporter {
        name: column("name").to_owned(),
        phone: column("phone").to_owned(),
        anonymous: truth("anonymous")?,
        secret: truth("secret")?,
        no_reply: truth("noReply")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filing(header: &[&str], row: &[&str]) -> Result<Filing, RowError> {
        Own::recognise(header).unwrap().unwrap().filing(&StringRecord::from(row.to_vec()))
    }

    #[test]
    fn a_row_with_a_channel_number_only_can_be_told_again() {
        let header = ["text", "kind", "channel", "channelNumber", "divisionCode", "anonymous"];
        let filing = filing(&header, &["路灯不亮", "HELP", "HOTLINE_12345", "A-7", "500151001", "true"]).unwrap();
        assert_eq!((filing.request_id.as_str(), filing.channel_number.as_str()), ("HOTLINE_12345/A-7", "A-7"));
        assert_eq!((filing.location.division_code.as_str(), filing.reporter.anonymous), ("500151001", true));
    }

    #[test]
    fn a_row_that_cannot_be_told_again_is_not_filed() {
        let header = ["requestId", "channelNumber", "kind", "channel", "text", "latitude", "secret"];
        let with = |row: [&str; 7]| filing(&header, &row).unwrap_err().to_string();
        assert!(with(["", "", "HELP", "KIOSK", "x", "", ""]).contains("neither requestId nor channelNumber"));
        assert!(with(["1", "", "", "KIOSK", "x", "", ""]).contains("column kind is empty"));
        assert!(with(["1", "", "HELP", "KIOSK", " ", "", ""]).contains("column text is empty"));
        assert!(with(["1", "", "HELP", "KIOSK", "x", "north", ""]).contains("column latitude"));
        assert!(with(["1", "", "HELP", "KIOSK", "x", "", "yes"]).contains("column secret"));
        assert!(with([&"1".repeat(65), "", "HELP", "KIOSK", "x", "", ""]).contains("longer than 64"));
    }

    #[test]
    fn a_misspelt_column_is_refused_rather_than_lost() {
        assert!(
            matches!(Own::recognise(&["kind", "channel", "text", "adress"]), Err(TableError::Column(name)) if name == "adress")
        );
        assert!(Own::recognise(&["kind", "text"]).unwrap().is_none());
    }
}
