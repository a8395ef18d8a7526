//! Addresses as people write them.

use civic::random::Rng;
use civic::{Gazetteer, SeededRng, Tier, Tree, View};
use jiff::civil::date;

fn today() -> View {
    Tree::chongqing().on(date(2026, 11, 22))
}

fn found(gazetteer: &Gazetteer, address: &str) -> Option<(String, u8)> {
    gazetteer.find(address).map(|(code, confidence)| (code.to_string(), confidence))
}

#[track_caller]
fn check(gazetteer: &Gazetteer, address: &str, code: &str, confidence: std::ops::RangeInclusive<u8>) {
    let (answer, sure) = found(gazetteer, address).unwrap_or_else(|| panic!("{address}: nothing found"));
    assert_eq!(answer, code, "{address} ({sure})");
    assert!(confidence.contains(&sure), "{address}: {sure}");
}

#[test]
fn full_names_are_found_without_doubt() {
    let gazetteer = Gazetteer::new(&today());
    for address in [
        "铜梁区巴川街道中兴路12号",
        "重庆市铜梁区巴川街道",
        "重庆 铜梁区 巴川街道，中兴路",
        "中国重庆市重庆市铜梁区巴川街道",
    ] {
        check(&gazetteer, address, "500151001", 95..=100);
    }
    check(&gazetteer, "巴川街道", "500151001", 85..=94);
    check(&gazetteer, "铜梁区", "500151", 95..=95);
    check(&gazetteer, "石柱县南宾街道", "500240001", 95..=100);
    check(&gazetteer, "石桥苗族土家族乡", "500156202", 85..=94);
}

#[test]
fn names_without_their_suffix_are_found_less_surely() {
    let gazetteer = Gazetteer::new(&today());
    check(&gazetteer, "重庆市渝中区解放碑", "500103003", 80..=95);
    check(&gazetteer, "渝中解放碑步行街", "500103003", 70..=85);
    check(&gazetteer, "解放碑", "500103003", 55..=70);
    check(&gazetteer, "铜梁巴川", "500151001", 70..=85);
    check(&gazetteer, "铜梁", "500151", 60..=80);
    check(&gazetteer, "万盛经开区", "500193", 90..=100);
    check(&gazetteer, "重庆高新区", "500192", 90..=100);
}

#[test]
fn one_wrong_missing_or_added_character_is_forgiven() {
    let gazetteer = Gazetteer::new(&today());
    check(&gazetteer, "铜梁区巴州街道中兴路12号", "500151001", 60..=80);
    check(&gazetteer, "铜梁区川街道", "500151001", 60..=80);
    check(&gazetteer, "铜梁区巴小川街道", "500151001", 60..=80);
    check(&gazetteer, "铜粱区巴川街道", "500151001", 85..=95);
    check(&gazetteer, "渝中区解放牌", "500103003", 60..=80);
    check(&gazetteer, "巴州街道", "500151001", 10..=45);
}

#[test]
fn a_name_shared_by_towns_of_two_districts_is_unsure_until_the_district_is_said() {
    let gazetteer = Gazetteer::new(&today());
    assert!(found(&gazetteer, "龙潭镇").unwrap().1 <= 45);
    assert!(found(&gazetteer, "兴隆镇").unwrap().1 <= 25);
    let (code, confidence) = found(&gazetteer, "涪陵区龙潭镇").unwrap();
    assert!(code.starts_with("500102") && confidence >= 95);
}

#[test]
fn villages_are_found_in_their_town_and_towns_speak_for_them() {
    let gazetteer = Gazetteer::new(&today());
    check(&gazetteer, "渝中区化龙桥街道化龙桥社区", "500103013009", 95..=100);
    check(&gazetteer, "万州区高笋塘街道东方广场社区3栋", "500101001001", 95..=100);
    check(&gazetteer, "万州区东方广场社区", "500101001001", 70..=90);
}

#[test]
fn old_names_of_districts_still_lead_to_todays_place() {
    let gazetteer = Gazetteer::new(&today());
    check(&gazetteer, "渝北区统景镇", "500112133", 95..=100);
    check(&gazetteer, "北碚区统景镇", "500112133", 95..=100);
    check(&gazetteer, "江北区", "500194", 90..=100);
    check(&gazetteer, "两江新区", "500194", 90..=100);
    check(&gazetteer, "江北区观音桥街道", "500105006", 95..=100);
    check(&gazetteer, "两江新区观音桥街道", "500105006", 95..=100);
    check(&gazetteer, "江北城街道", "500105002", 85..=94);
    let before = Gazetteer::new(&Tree::chongqing().on(date(2025, 1, 1)));
    check(&before, "江北区", "500105", 90..=100);
}

#[test]
fn roads_and_strangers_do_not_pass_for_towns() {
    let gazetteer = Gazetteer::new(&today());
    check(&gazetteer, "铜梁区中兴路12号", "500151", 90..=100);
    check(&gazetteer, "南岸区南坪东路3号", "500108", 90..=100);
    check(&gazetteer, "渝中区解放路", "500103", 90..=100);
    for address in ["北京市朝阳区", "四川省成都市龙潭镇", "", "   ", "12 Main Street", "！！！", "\u{0}"]
    {
        assert_eq!(found(&gazetteer, address), None, "{address}");
    }
}

#[test]
fn every_district_and_town_is_found_by_its_full_name() {
    let view = today();
    let gazetteer = Gazetteer::new(&view);
    for division in view.divisions().filter(|d| matches!(d.tier, Tier::District | Tier::Town)) {
        let address = view.full_name(&division.code).unwrap();
        check(&gazetteer, &address, division.code.as_str(), 90..=100);
    }
    assert_eq!(gazetteer.version(), view.version());
}

#[test]
fn almost_every_village_is_found_by_its_full_name() {
    let view = today();
    let gazetteer = Gazetteer::new(&view);
    let villages: Vec<_> = view.divisions().filter(|d| d.tier == Tier::Village).collect();
    let hit = |code: &civic::DivisionCode| {
        gazetteer.find(&view.full_name(code).unwrap()).is_some_and(|(answer, _)| answer == *code)
    };
    let found = villages.iter().filter(|village| hit(&village.code)).count();
    // The rest have a name that begins with another village's of the same town, or is the town's own twice.
    assert!(found * 100 >= villages.len() * 99, "{found} of {}", villages.len());
}

#[test]
fn any_text_is_read_without_panic_and_a_long_one_quickly() {
    let gazetteer = Gazetteer::new(&today());
    let seed = 20_261_122;
    let rng = SeededRng::new(seed);
    let alphabet: Vec<char> = "重庆市铜梁区县巴川街道镇乡村社区江北渝路号12 ，解放碑a\u{3000}龙".chars().collect();
    for _ in 0..5_000 {
        let length = rng.below(40);
        let text: String =
            (0..length).map(|_| alphabet[usize::try_from(rng.below(alphabet.len() as u64)).unwrap()]).collect();
        if let Some((code, confidence)) = gazetteer.find(&text) {
            assert!(confidence <= 100 && code.tier() != Tier::City, "seed {seed}: {text}");
        }
    }
    assert_eq!(found(&gazetteer, &"龙".repeat(1_000_000)), None);
}

/// A name with one character wrong, one missing, or one added, at each place of it.
fn misspelt(name: &str) -> Vec<String> {
    let name: Vec<char> = name.chars().collect();
    let mut texts = Vec::new();
    for place in 0..name.len() {
        let [mut wrong, mut missing, mut added] = [name.clone(), name.clone(), name.clone()];
        wrong[place] = '国';
        missing.remove(place);
        added.insert(place, '国');
        texts.extend([wrong, missing, added].map(String::from_iter));
    }
    texts
}

#[test]
fn a_mistake_in_a_towns_name_leads_to_the_town_or_its_district_and_never_surely_elsewhere() {
    let view = today();
    let gazetteer = Gazetteer::new(&view);
    let (mut all, mut right) = (0, 0);
    for town in view.divisions().filter(|d| d.tier == Tier::Town) {
        let district = town.parent.as_ref().unwrap();
        let said = &view.get(district).unwrap().name;
        for name in misspelt(&town.name) {
            let address = format!("{said}{name}18号");
            let (code, confidence) = gazetteer.find(&address).unwrap();
            let known = code == town.code || code == *district;
            assert!(known || confidence < 60, "{address}: {code} {confidence}");
            all += 1;
            right += usize::from(code == town.code);
        }
    }
    assert!(right * 100 >= all * 80, "{right} of {all}");
}
