//! The five inserts of a batch, the same for both databases.

/// Defines them for a database: `QueryBuilder` is generic, the bounds of being so are not worth their length.
macro_rules! inserts {
    ($database:ty) => {
        use crate::raw::Template;
        use rand::{Rng as _, rngs::StdRng};
        use sqlx::QueryBuilder;

        type Rows = [(usize, [u8; 16])];

        fn cases<'t>(rows: &Rows, of: impl Fn(usize) -> &'t Template) -> QueryBuilder<$database> {
            let mut query = QueryBuilder::new(
                "INSERT INTO cases (id, kind, version, schema, state, owner, epoch, open, st, urgency, category, district, town, village, \
                 unit, place, lamp, flagged) ",
            );
            query.push_values(rows, |mut row, (i, id)| {
                let t = of(*i);
                row.push_bind(id.to_vec()).push_bind(t.kind.clone()).push_bind(1_i64).push_bind(t.schema);
                row.push_bind(t.state.clone()).push_bind(t.owner.clone()).push_bind(1_i64).push_bind(t.open);
                row.push_bind(t.st).push_bind(t.urgency).push_bind(t.category.clone()).push_bind(t.district.clone());
                row.push_bind(t.town.clone()).push_bind(t.village.clone()).push_bind(t.unit.clone());
                row.push_bind(t.place.clone()).push_bind(0_i64).push_bind(t.flagged);
            });
            query
        }

        fn events<'t>(rows: &Rows, of: impl Fn(usize) -> &'t Template) -> QueryBuilder<$database> {
            let mut query = QueryBuilder::new(
                "INSERT INTO events (case_id, version, kind, type, at, actor, place, traceparent, payload) ",
            );
            query.push_values(rows, |mut row, (i, id)| {
                let t = of(*i);
                let (event_type, at, actor, payload) = &t.event;
                row.push_bind(id.to_vec()).push_bind(1_i64).push_bind(t.kind.clone()).push_bind(event_type.clone());
                row.push_bind(*at).push_bind(actor.clone()).push_bind(t.place.clone().unwrap_or_default());
                row.push_bind("").push_bind(payload.clone());
            });
            query
        }

        fn log(rows: &Rows, heads: &mut [i64]) -> QueryBuilder<$database> {
            let mut query = QueryBuilder::new("INSERT INTO event_log (part, position, case_id, version) ");
            query.push_values(rows, |mut row, (_, id)| {
                let part = usize::from(id[15]) % heads.len();
                heads[part] += 1;
                row.push_bind(i64::try_from(part).unwrap_or(0)).push_bind(heads[part]);
                row.push_bind(id.to_vec()).push_bind(1_i64);
            });
            query
        }

        fn requests(rows: &Rows, rng: &mut StdRng) -> QueryBuilder<$database> {
            let mut query = QueryBuilder::new("INSERT INTO requests_0 (key, body, case_id, version) ");
            query.push_values(rows, |mut row, (_, id)| {
                let (key, body): ([u8; 16], [u8; 16]) = (rng.random(), rng.random());
                row.push_bind(key.to_vec()).push_bind(body.to_vec()).push_bind(id.to_vec()).push_bind(1_i64);
            });
            query
        }

        /// Names as long as the product's, in the order of time, as tracking numbers are.
        fn uniques<'t>(rows: &Rows, of: impl Fn(usize) -> &'t Template, rng: &mut StdRng) -> QueryBuilder<$database> {
            let mut query = QueryBuilder::new("INSERT INTO uniques (name, content, case_id, version) ");
            query.push_values(rows, |mut row, (i, id)| {
                let stem = of(*i).unique.split('/').next().unwrap_or_default();
                let number = u128::from_be_bytes(*id) >> 40;
                let content: [u8; 16] = rng.random();
                row.push_bind(format!("{stem}/{number:014}")).push_bind(content.to_vec());
                row.push_bind(id.to_vec()).push_bind(1_i64);
            });
            query
        }
    };
}

pub(super) use inserts;
