//! The shipped catalog is whole; a bad file is refused by file and line.

use super::*;
use crate::domain::urgency::Urgency;
use civic::{Calendar, Section, Tree};

/// Twelve thousand places are parsed once.
static VIEW: std::sync::LazyLock<View> = std::sync::LazyLock::new(|| Tree::chongqing().today(now()));

fn view() -> View {
    VIEW.clone()
}

fn now() -> Micros {
    // 2026-11-22
    Micros::from_secs(1_795_305_600)
}

fn place(code: &str) -> Place {
    view().place(&code.parse().unwrap()).unwrap()
}

#[test]
fn every_category_has_a_unit_in_every_town_and_district() {
    let catalog = Catalog::builtin();
    let (town, district) = (place("500151001"), place("500151"));
    for category in catalog.taxonomy().iter() {
        for place in [&town, &district] {
            let (duty, code) =
                catalog.duty(&category.code, place, now()).unwrap_or_else(|| panic!("{category} {place:?}"));
            assert!(place.lies_in(&code.place()), "{category}: {code}");
            let unit = catalog.unit(code.as_str(), &view()).unwrap();
            assert!(unit.name.starts_with("铜梁区"), "{}", unit.name);
            for co_handling in &duty.co_handling {
                let code = co_handling.code(place).unwrap();
                assert!(catalog.unit(code.as_str(), &view()).is_ok(), "{category}: {code}");
            }
        }
    }
}

#[test]
fn a_matter_goes_to_the_narrowest_list_that_has_it() {
    let catalog = Catalog::builtin();
    let village = view().children(&"500151001".parse().unwrap()).next().unwrap().code.clone();
    let village = place(village.as_str());
    // Neighbours' disputes are the village's own, public order hazards the town's.
    let (_, desk) = catalog.duty("0201", &village, now()).unwrap();
    assert_eq!(desk.as_str(), village.code.as_str());
    let (_, section) = catalog.duty("0101", &village, now()).unwrap();
    assert_eq!(section.as_str(), format!("500151001-{}", Section::Peace.slug()));
}

#[test]
fn a_matter_known_to_lie_only_in_the_city_goes_to_a_person() {
    assert_eq!(Catalog::builtin().duty("0101", &place("50"), now()), None);
}

#[test]
fn a_duty_holds_from_its_first_day_only() {
    let catalog = Catalog::builtin();
    assert!(catalog.duty("0101", &place("500151001"), Micros(0)).is_none());
}

#[test]
fn a_unit_needs_a_place_of_today_and_a_slug_of_its_tier() {
    let catalog = Catalog::builtin();
    let cases = [
        ("500151001-pingan", Ok("铜梁区巴川街道平安法治板块")),
        ("500151001", Ok("铜梁区巴川街道指挥中心")),
        ("500151-gongan", Ok("铜梁区公安局")),
        ("50-gongan", Ok("重庆市公安局")),
        ("500151001-gongan", Err(UnitFault::Slug)),
        ("500151999-pingan", Err(UnitFault::Place)),
        ("500112-gongan", Err(UnitFault::Place)),
        ("pingan", Err(UnitFault::Malformed)),
        ("", Err(UnitFault::Malformed)),
    ];
    for (code, expected) in cases {
        let unit = catalog.unit(code, &view());
        assert_eq!(unit.as_ref().map(|unit| unit.name.as_str()).map_err(|fault| *fault), expected, "{code}");
    }
}

#[test]
fn the_unit_clock_ends_before_the_total_clock_in_an_ordinary_week() {
    let limits = Catalog::builtin().limits().clone();
    let calendar = Calendar::china();
    for urgency in Urgency::ALL {
        let due = |limit| civic::Stopwatch::start(now(), limit).due(&calendar, now()).due;
        assert!(due(limits.accept(urgency)) < due(limits.unit(urgency)), "{urgency:?}");
        assert!(due(limits.unit(urgency)) < due(limits.closing(urgency)), "{urgency:?}");
    }
}

/// Replaces one shipped file and says how the whole is received.
fn with(duties: Option<&str>, limits: Option<&str>, units: Option<&str>) -> Result<Catalog, CatalogError> {
    Catalog::parse(&Files {
        version: "test",
        categories: None,
        units: units.unwrap_or(include_str!("../../catalog/units.csv")),
        duties: duties.unwrap_or(include_str!("../../catalog/duties.csv")),
        limits: limits.unwrap_or(include_str!("../../catalog/limits.csv")),
        tasks: include_str!("../../catalog/tasks.csv"),
        care: include_str!("../../catalog/care.csv"),
    })
}

#[test]
fn a_bad_duty_is_named_by_its_line() {
    const HEADER: &str = "category,tier,unit,co_handling,urgency,reply_approval,law,article,from,to";
    const GOOD: &str = "0101,town,town/pingan,,LEVEL_THREE,false,,,2025-01-01,2026-01-01";
    let cases = [
        ("9999,town,town/pingan,,LEVEL_THREE,false,,,2025-01-01,", Problem::Category),
        ("0101,parish,town/pingan,,LEVEL_THREE,false,,,2025-01-01,", Problem::Tier),
        ("0101,district,town/pingan,,LEVEL_THREE,false,,,2025-01-01,", Problem::Unit),
        ("0101,town,town/gongan,,LEVEL_THREE,false,,,2025-01-01,", Problem::Unit),
        ("0102,town,town/pingan,district/none,LEVEL_THREE,false,,,2025-01-01,", Problem::Unit),
        ("0102,town,town/pingan,,RED,false,,,2025-01-01,", Problem::Urgency),
        ("0102,town,town/pingan,,LEVEL_THREE,no,,,2025-01-01,", Problem::Flag),
        ("0102,town,town/pingan,,LEVEL_THREE,false,某法,,2025-01-01,", Problem::Basis),
        ("0102,town,town/pingan,,LEVEL_THREE,false,,,2025-13-01,", Problem::Date),
        ("0102,town,town/pingan,,LEVEL_THREE,false,,,2025-01-01,2025-01-01", Problem::Date),
        ("0101,town,town/zhifa,,LEVEL_THREE,false,,,2025-06-01,", Problem::Overlap),
    ];
    for (bad, problem) in cases {
        let error = with(Some(&format!("{HEADER}\n{GOOD}\n{bad}\n")), None, None).unwrap_err();
        assert_eq!(error, CatalogError::Line { file: "duties.csv", line: 3, problem }, "{bad}");
    }
    let next_year = "0101,town,town/zhifa,,LEVEL_THREE,false,,,2026-01-01,";
    let catalog = with(Some(&format!("{HEADER}\n{GOOD}\n{next_year}\n")), None, None).unwrap();
    let (_, code) = catalog.duty("0101", &place("500151001"), now()).unwrap();
    assert_eq!(code.as_str(), "500151001-zhifa");
}

#[test]
fn limits_are_complete_or_refused() {
    let shipped = include_str!("../../catalog/limits.csv");
    let without = shipped.replace("window,,15,calendarDay\n", "");
    let missing = CatalogError::Whole { file: "limits.csv", problem: Problem::LimitCount("window".into()) };
    assert_eq!(with(None, Some(&without), None).unwrap_err(), missing);
    let cases = [
        ("accept,LEVEL_ONE,5,minute", Problem::LimitCount("accept LEVEL_ONE".into())),
        ("accept,LEVEL_FIVE,5,minute", Problem::Urgency),
        ("pause,LEVEL_ONE,5,minute", Problem::Limit),
        ("window,LEVEL_ONE,5,hour", Problem::Limit),
        ("accept,LEVEL_ONE,0,minute", Problem::Amount),
        ("accept,LEVEL_ONE,5,fortnight", Problem::Amount),
    ];
    for (line, problem) in cases {
        let error = with(None, Some(&format!("{shipped}{line}\n")), None).unwrap_err();
        assert_eq!(error, CatalogError::Line { file: "limits.csv", line: 20, problem }, "{line}");
    }
}

#[test]
fn a_list_from_before_there_were_parts_gives_the_shipped_time_to_report_in() {
    let shipped = include_str!("../../catalog/limits.csv");
    let before: String =
        shipped.lines().filter(|line| !line.starts_with("reportIn")).map(|line| format!("{line}\n")).collect();
    let catalog = with(None, Some(&before), None).unwrap();
    for urgency in Urgency::ALL {
        assert_eq!(catalog.limits().report_in(urgency), Catalog::builtin().limits().report_in(urgency));
    }
    let level_one = Catalog::builtin().limits().report_in(Urgency::LevelOne);
    assert_eq!((level_one.amount, level_one.measure.as_str()), (30, "minute"));
}

#[test]
fn a_file_that_is_no_table_is_refused_with_its_line() {
    let error = with(Some("category,tier\n0101"), None, None).unwrap_err();
    let CatalogError::Line { file: "duties.csv", line, .. } = error else { panic!("{error}") };
    assert_eq!(line, 2);
}

#[test]
fn a_folder_replaces_single_files_and_has_a_version_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(Catalog::load(folder.path()).unwrap_err(), CatalogError::Version);
    std::fs::write(folder.path().join("VERSION"), "town 7\n").unwrap();
    let limits = include_str!("../../catalog/limits.csv").replace("window,,15,", "window,,30,");
    std::fs::write(folder.path().join("limits.csv"), limits).unwrap();
    let catalog = Catalog::load(folder.path()).unwrap();
    assert_eq!((catalog.version(), catalog.limits().window().amount), ("town 7", 30));
    assert_eq!(catalog.duties(), Catalog::builtin().duties());
}

/// The shipped tasks and care lists with other ones in their place.
fn with_tasks(tasks: &str, care: Option<&str>) -> Result<Catalog, CatalogError> {
    let files = [("tasks.csv", Some(tasks)), ("care.csv", care)];
    let given = files.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text?.to_owned())));
    Catalog::of("test", &given.collect::<Vec<_>>())
}

#[test]
fn the_shipped_list_of_a_grid_worker_has_six_duties_one_of_them_the_visits() {
    let catalog = Catalog::builtin();
    let today = now().local_date();
    let (grid, visits): (Vec<_>, Vec<_>) = catalog.tasks().on(today).partition(|rule| rule.selects == Selects::Grid);
    assert_eq!((grid.len(), visits.len()), (5, 3));
    for visit in visits {
        let Selects::Care(purpose) = &visit.selects else { panic!("{visit:?}") };
        assert!(catalog.care().get(purpose).is_some(), "{purpose}");
    }
    assert_eq!(catalog.limits().tasks_hour(), 5);
}

/// Domain, lines not crossed: 5. No list and no task selects people but through a care list.
#[test]
fn a_rule_that_picks_people_by_a_trait_cannot_be_loaded() {
    const HEAD: &str = "code,selects,every,name_zh,name_en,from,to\n";
    for selects in
        ["people/over-60", "petitioners", "care", "care/", "care/former-convicts", "origin/other-province", ""]
    {
        let refused = with_tasks(&format!("{HEAD}visit,{selects},7,走访,visit,2025-01-01,\n"), None).unwrap_err();
        let line = CatalogError::Line { file: "tasks.csv", line: 2, problem: Problem::Selection };
        assert_eq!(refused, line, "{selects}");
    }
    let care = "purpose,consent,longest,name_zh,name_en\nformer-convicts,true,30,名单,list\n";
    assert!(with_tasks(&format!("{HEAD}visit,care/living-alone,7,走访,visit,2025-01-01,\n"), Some(care)).is_err());
}

/// Domain, lines not crossed: 5. Care lists exist for visits; there are no control lists.
#[test]
fn a_list_or_task_that_controls_people_cannot_be_loaded() {
    const TASKS: &str = "code,selects,every,name_zh,name_en,from,to\n";
    const CARE: &str = "purpose,consent,longest,name_zh,name_en\n";
    for (code, zh, en) in [
        ("visit", "稳控重点人员", "visits"),
        ("visit", "走访", "visit Petitioners"),
        ("former-convicts", "走访", "visits"),
        ("register", "流动人口登记", "registration"),
    ] {
        let care = with_tasks(TASKS, Some(&format!("{CARE}{code},true,30,{zh},{en}\n"))).unwrap_err();
        assert_eq!(care, CatalogError::Line { file: "care.csv", line: 2, problem: Problem::Control }, "{zh} {en}");
        let task = with_tasks(&format!("{TASKS}{code},grid,7,{zh},{en},2025-01-01,\n"), None).unwrap_err();
        assert_eq!(task, CatalogError::Line { file: "tasks.csv", line: 2, problem: Problem::Control }, "{zh} {en}");
    }
    let care = format!("{CARE}disabled,true,365,残疾人关爱,people with disabilities\n");
    let task = format!("{TASKS}visit,care/disabled,30,走访残疾人,visit people with disabilities,2025-01-01,\n");
    assert!(with_tasks(&task, Some(&care)).is_ok());
}

#[test]
fn a_task_without_an_interval_a_name_or_a_code_is_refused_by_its_line() {
    const HEAD: &str = "code,selects,every,name_zh,name_en,from,to\n";
    for (row, problem) in [
        ("a,grid,0,查看,look,2025-01-01,", Problem::Days),
        ("a,grid,1,,look,2025-01-01,", Problem::Name),
        ("A b,grid,1,查看,look,2025-01-01,", Problem::Code),
        ("a,grid,1,查看,look,2025-13-01,", Problem::Date),
        ("a,grid,1,查看,look,2025-01-02,2025-01-02", Problem::Date),
    ] {
        let refused = with_tasks(&format!("{HEAD}{row}\n"), None).unwrap_err();
        assert_eq!(refused, CatalogError::Line { file: "tasks.csv", line: 2, problem }, "{row}");
    }
    let twice = with_tasks(&format!("{HEAD}{0}{0}", "a,grid,1,查看,look,2025-01-01,\n"), None).unwrap_err();
    assert_eq!(twice, CatalogError::Line { file: "tasks.csv", line: 3, problem: Problem::Code });
}
