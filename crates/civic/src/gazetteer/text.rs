//! Addresses brought to one shape, and names compared with one mistake forgiven.

/// Nobody writes the place behind eighty characters; a text of a million is not searched.
const LONGEST: usize = 80;
/// Province-level names: followed by their kind at the beginning they say that the address lies elsewhere.
const ELSEWHERE: [&str; 33] = [
    "北京",
    "天津",
    "上海",
    "河北",
    "山西",
    "辽宁",
    "吉林",
    "黑龙江",
    "江苏",
    "浙江",
    "安徽",
    "福建",
    "江西",
    "山东",
    "河南",
    "湖北",
    "湖南",
    "广东",
    "海南",
    "四川",
    "贵州",
    "云南",
    "陕西",
    "甘肃",
    "青海",
    "台湾",
    "内蒙古",
    "广西",
    "西藏",
    "宁夏",
    "新疆",
    "香港",
    "澳门",
];

/// The address without spaces, punctuation, country and city; `None` when it has no Chinese character or begins with another province.
pub(super) fn normalised(address: &str) -> Option<Vec<char>> {
    let kept = address.chars().take(4 * LONGEST).filter_map(plain);
    let characters: Vec<char> = kept.take(LONGEST).collect();
    if !characters.iter().copied().any(is_chinese) {
        return None;
    }
    let inside = without_city(&characters);
    (!begins_elsewhere(inside)).then(|| inside.to_vec())
}

fn plain(character: char) -> Option<char> {
    if is_chinese(character) || character.is_ascii_alphanumeric() { Some(character) } else { None }
}

const fn is_chinese(character: char) -> bool {
    matches!(character, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}')
}

/// What stands behind the city's name, which may come twice (重庆重庆市), after the country's, or with what the code list calls 市辖区 and 县.
fn without_city(characters: &[char]) -> &[char] {
    let mut rest = strip(characters, "中国").unwrap_or(characters);
    loop {
        let shorter =
            ["重庆市", "市辖区"].iter().find_map(|prefix| strip(rest, prefix)).or_else(|| without_short_city(rest));
        match shorter {
            Some(shorter) => rest = shorter,
            None => return rest,
        }
    }
}

/// 重庆铜梁区, but not 重庆路 or 重庆北站.
fn without_short_city(characters: &[char]) -> Option<&[char]> {
    let rest = strip(characters, "重庆")?;
    let named_after = matches!(rest.first(), Some('路' | '街' | '大' | '站' | '东' | '西' | '南' | '北'));
    let direction_in_a_name =
        rest.len() >= 2 && matches!((rest[0], rest[1]), ('大', '渡' | '足') | ('南', '岸' | '川') | ('北', '碚'));
    (!named_after || direction_in_a_name).then_some(rest)
}

fn begins_elsewhere(characters: &[char]) -> bool {
    let kind_follows = |rest: &[char]| {
        matches!(rest.first(), Some('省' | '市')) || strip(rest, "自治区").is_some() || strip(rest, "特别").is_some()
    };
    let autonomous = |rest: &[char]| ["壮族", "回族", "维吾尔"].iter().any(|people| strip(rest, people).is_some());
    ELSEWHERE.iter().filter_map(|name| strip(characters, name)).any(|rest| kind_follows(rest) || autonomous(rest))
}

/// What follows `prefix`, if the text begins with it.
pub(super) fn strip<'a>(characters: &'a [char], prefix: &str) -> Option<&'a [char]> {
    let mut rest = characters;
    for expected in prefix.chars() {
        let (first, behind) = rest.split_first()?;
        if *first != expected {
            return None;
        }
        rest = behind;
    }
    Some(rest)
}

/// What follows a road's name in it: the name before it is a road's, not a place's (新华路, 南坪东路).
pub(super) fn is_road(behind: &[char]) -> bool {
    const KINDS: [&str; 9] = ["路", "大道", "巷", "支路", "街", "立交", "大桥", "隧道", "轻轨"];
    let is_kind = |rest: &[char]| KINDS.iter().any(|kind| strip(rest, kind).is_some());
    let sided =
        matches!(behind.first(), Some('东' | '西' | '南' | '北' | '中' | '正' | '新' | '老' | '一' | '二' | '三'));
    is_kind(behind) || (sided && is_kind(&behind[1..]))
}

/// How many characters of `text` from its beginning are `name` with exactly one character wrong, missing or added.
pub(super) fn almost(text: &[char], name: &[char]) -> Option<usize> {
    let same = text.iter().zip(name).take_while(|(a, b)| a == b).count();
    if same == name.len() {
        return None;
    }
    let name_behind = &name[same + 1..];
    // Missing: the name goes on where the text stands. A missing last character is a prefix of the name, which other forms cover.
    if !name_behind.is_empty() && text[same..].starts_with(name_behind) {
        return Some(name.len() - 1);
    }
    if same == text.len() {
        return None;
    }
    if text[same + 1..].starts_with(name_behind) {
        return Some(name.len());
    }
    text[same + 1..].starts_with(&name[same..]).then_some(name.len() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chars(text: &str) -> Vec<char> {
        text.chars().collect()
    }

    fn read(address: &str) -> Option<String> {
        normalised(address).map(|characters| characters.into_iter().collect())
    }

    #[test]
    fn country_city_and_punctuation_fall_away() {
        for address in ["中国重庆市铜梁区", " 重庆 · 铜梁区", "重庆重庆市市辖区铜梁区", "重庆铜梁区。"]
        {
            assert_eq!(read(address).as_deref(), Some("铜梁区"), "{address}");
        }
        assert_eq!(read("重庆南岸区").as_deref(), Some("南岸区"));
        assert_eq!(read("重庆大足").as_deref(), Some("大足"));
        assert_eq!(read("重庆路3号").as_deref(), Some("重庆路3号"));
    }

    #[test]
    fn other_provinces_and_other_scripts_are_not_searched() {
        for address in ["北京市朝阳区", "四川省成都市", "广西壮族自治区南宁市", "12 Main Street", "", "🏠"]
        {
            assert_eq!(read(address), None, "{address}");
        }
        assert_eq!(read("湖北路5号").as_deref(), Some("湖北路5号"));
    }

    #[test]
    fn one_mistake_is_forgiven_and_two_are_not() {
        let almost = |text: &str| super::almost(&chars(text), &chars("巴川街道"));
        assert_eq!(almost("巴州街道中兴路"), Some(4));
        assert_eq!(almost("川街道"), Some(3));
        assert_eq!(almost("巴街道中"), Some(3));
        assert_eq!(almost("巴小川街道"), Some(5));
        assert_eq!(almost("小巴川街道"), Some(5));
        for text in ["巴州街口", "巴", "", "街道巴川", "巴川街道"] {
            assert_eq!(almost(text), None, "{text}");
        }
    }

    #[test]
    fn a_road_is_known_by_what_follows_its_name() {
        for behind in ["路12号", "东路", "大道", "正街", "一支路"] {
            assert!(is_road(&chars(behind)), "{behind}");
        }
        assert!(!is_road(&chars("步行")) && !is_road(&[]));
    }
}
