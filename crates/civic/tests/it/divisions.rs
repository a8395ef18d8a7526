//! The built-in tree against the published figures, before and after the reform of 2025-11-06.

use civic::{Division, DivisionCode, Place, Tier, Tree, View};
use jiff::civil::date;

fn code(text: &str) -> DivisionCode {
    text.parse().unwrap()
}

fn before() -> View {
    Tree::chongqing().on(date(2025, 11, 5))
}

fn after() -> View {
    Tree::chongqing().on(date(2025, 11, 6))
}

fn count(view: &View, tier: Tier) -> usize {
    view.divisions().filter(|division| division.tier == tier && !division.zone).count()
}

fn towns_of(view: &View, district: &str) -> (usize, usize) {
    let names: Vec<&str> = view.children(&code(district)).map(|division| division.name.as_str()).collect();
    let streets = names.iter().filter(|name| name.ends_with("街道")).count();
    (streets, names.len() - streets)
}

#[test]
fn before_the_reform_the_city_has_the_published_numbers() {
    let view = before();
    let counts = Tier::ALL.map(|tier| count(&view, tier));
    assert_eq!(counts, [1, 38, 1_031, 11_270, 0]);
    let zones: Vec<&str> = view.divisions().filter(|d| d.zone).map(|d| d.name.as_str()).collect();
    assert_eq!(zones.len(), 3);
    assert!(view.divisions().filter(|d| d.local).all(|d| d.zone));
    assert!(view.get(&code("500194")).is_none());
}

#[test]
fn after_the_reform_the_city_has_37_districts_and_counties_and_loses_no_town() {
    let view = after();
    let counts = Tier::ALL.map(|tier| count(&view, tier));
    assert_eq!(counts, [1, 37, 1_031, 11_270, 0]);
    let districts: Vec<&Division> = view.divisions().filter(|d| d.tier == Tier::District && !d.zone).collect();
    let ending = |suffix: &str| districts.iter().filter(|d| d.name.ends_with(suffix)).count();
    assert_eq!((ending("区"), ending("自治县"), ending("县") - ending("自治县")), (25, 4, 8));
    assert_eq!(view.divisions().filter(|d| d.zone).count(), 2);
    assert_eq!(view.children(&code("50")).count(), 39);
}

#[test]
fn after_the_reform_liangjiang_and_beibei_have_the_published_towns() {
    let view = after();
    let liangjiang = view.get(&code("500194")).unwrap();
    assert!(liangjiang.local && !liangjiang.zone);
    assert_eq!(towns_of(&view, "500194"), (31, 11));
    assert_eq!(towns_of(&view, "500109"), (6, 11));
    assert_eq!(towns_of(&view, "500105"), (0, 0));
    assert_eq!(towns_of(&before(), "500105"), (9, 3));
}

#[test]
fn a_town_that_changed_district_keeps_its_code() {
    let town = code("500112133");
    assert!(before().contains(&code("500112"), &town) && !before().contains(&code("500109"), &town));
    assert!(after().contains(&code("500109"), &town) && !after().contains(&code("500112"), &town));
    assert!(after().contains(&code("50"), &town));
    assert_eq!(before().full_name(&town).unwrap(), "重庆市渝北区统景镇");
    assert_eq!(after().full_name(&town).unwrap(), "重庆市北碚区统景镇");
    let village = after().children(&town).next().unwrap().code.clone();
    assert_eq!(after().place(&village).unwrap().district, Some(code("500109")));
}

#[test]
fn a_dissolved_district_is_answered_for_by_its_successor() {
    for dissolved in ["500105", "500112", "500191"].map(code) {
        assert!(after().get(&dissolved).is_none());
        assert_eq!(after().successor(&dissolved), Some(code("500194")));
        assert_eq!(before().successor(&dissolved), None);
        assert_eq!(after().full_name(&dissolved).unwrap(), "重庆市两江新区");
        assert!(after().contains(&code("500194"), &dissolved));
        assert!(!after().contains(&dissolved, &code("500194")));
        let place = after().place(&dissolved).unwrap();
        assert_eq!((place.code, place.district), (dissolved, Some(code("500194"))));
    }
    assert_eq!(after().successor(&code("500151")), None);
}

#[test]
fn a_place_that_never_was_has_no_name_no_parents_and_no_successor() {
    let nowhere = code("110101");
    let view = after();
    assert_eq!((view.place(&nowhere), view.full_name(&nowhere), view.successor(&nowhere)), (None, None, None));
    assert!(!view.contains(&nowhere, &nowhere) && view.ancestors(&nowhere).next().is_none());
}

#[test]
fn every_place_is_the_child_of_its_parent_and_lies_in_its_ancestors() {
    for view in [before(), after()] {
        for division in view.divisions().filter(|d| d.tier != Tier::Village) {
            assert!(view.children(&division.code).all(|child| child.parent.as_ref() == Some(&division.code)));
            let place = view.place(&division.code).unwrap();
            for ancestor in view.ancestors(&division.code) {
                assert!(place.lies_in(&ancestor.code) && view.contains(&ancestor.code, &division.code));
            }
        }
        let children: usize =
            view.divisions().map(|d| if d.tier == Tier::Village { 0 } else { view.children(&d.code).count() }).sum();
        assert_eq!(children + 1, view.divisions().count());
    }
}

#[test]
fn operators_add_grids_and_a_zones_own_towns() {
    let grids = "code,name\n500151001001001,第一网格\n500151001001002,第二网格,500151001001\n";
    let change = "2026-12-01,move,500110001,万盛街道,500193\n";
    let tree = Tree::chongqing();
    let town = tree.on(date(2026, 1, 1)).get(&code("500110001")).unwrap().name.clone();
    let change = change.replace("万盛街道", &town);
    let tree = tree.extended("town-grids", &[grids], &[&change]).unwrap();
    let view = tree.on(date(2026, 12, 1));
    let grid = code("500151001001002");
    assert_eq!(view.place(&grid).unwrap().town, Some(code("500151001")));
    assert!(view.full_name(&grid).unwrap().ends_with("第二网格"));
    assert_eq!(view.children(&code("500151001001")).count(), 2);
    assert!(view.contains(&code("500193"), &code("500110001")));
    assert!(!tree.on(date(2026, 11, 30)).contains(&code("500193"), &code("500110001")));
    assert_eq!(towns_of(&view, "500194"), (31, 11));
}

#[test]
fn the_version_names_the_list_and_the_reform_that_counts() {
    assert_eq!(before().version(), "nbs-2023-06-30");
    assert_eq!(after().version(), "nbs-2023-06-30@2025-11-06");
    let now = civic::Micros::start_of_day(date(2025, 11, 6));
    let tree = Tree::chongqing();
    assert_eq!(tree.today(now).version(), after().version());
    assert_eq!(tree.today(now - 1).version(), before().version());
}

#[test]
fn a_stored_place_reads_back() {
    let place = after().place(&code("500151001")).unwrap();
    let json = serde_json::to_string(&place).unwrap();
    assert_eq!(json, r#"{"code":"500151001","district":"500151","town":"500151001","village":null,"grid":null}"#);
    assert_eq!(serde_json::from_str::<Place>(&json).unwrap(), place);
}
