//! The event log, partition by partition.

use super::{Bounds, Invariant, Report};
use crate::{error::StoreError, store::Store};
use civic::CaseId;
use queue::{Partition, Position};
use std::collections::HashMap;

/// Log rows looked at together.
const PAGE: usize = 4096;

/// `events`: by partition, as counted in the cases.
pub(super) async fn check(
    store: &dyn Store,
    bounds: &Bounds,
    events: &[u64],
    report: &mut Report,
) -> Result<(), StoreError> {
    let heads = store.heads().await?;
    let mut missing = 0;
    for partition in 0..bounds.partitions {
        let index = usize::from(partition);
        let last = check_partition(store, bounds, partition, report).await?;
        let (head, stored) = (heads.get(index).copied().unwrap_or(0), events.get(index).copied().unwrap_or(0));
        if head != last {
            report.add(
                Invariant::I4,
                None,
                format!("the head of partition {partition} is {head}, its last position {last}"),
            );
        }
        let placed = u64::try_from(last).unwrap_or(0);
        if placed > stored {
            let found = format!("partition {partition} has {placed} positions for {stored} events");
            report.add(Invariant::I4, None, found);
        }
        missing += stored.saturating_sub(placed);
    }
    if missing > 0 {
        report.add(Invariant::I4, None, format!("{missing} events stand at no position"));
    }
    Ok(())
}

/// Positions dense, every case's versions in order. Answers with the last position.
async fn check_partition(
    store: &dyn Store,
    bounds: &Bounds,
    partition: Partition,
    report: &mut Report,
) -> Result<Position, StoreError> {
    let mut versions: HashMap<CaseId, i64> = HashMap::new();
    let mut last = 0;
    loop {
        let page = store.log_keys(partition, last, PAGE).await?;
        for (position, case, version) in &page {
            if *position != last + 1 {
                let found = format!("partition {partition} has position {position} after {last}");
                report.add(Invariant::I4, Some(*case), found);
            }
            last = *position;
            if case.partition(bounds.partitions) != partition {
                report.add(
                    Invariant::I11,
                    Some(*case),
                    format!("stands in partition {partition}, which is not its own"),
                );
            }
            let before = versions.entry(*case).or_default();
            if *version != *before + 1 {
                let found =
                    format!("position {position} of partition {partition} has version {version} after {before}");
                report.add(Invariant::I11, Some(*case), found);
            }
            *before = *version;
        }
        if page.len() < PAGE {
            return Ok(last);
        }
    }
}
