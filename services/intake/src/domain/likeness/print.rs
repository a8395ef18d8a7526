//! The print of a text: enough to say how much two texts share, too little to say what they are.

/// Orders under which the least shingle is taken: the shared part is right within 0.06.
const ORDERS: usize = 64;
/// Numbers of a text that are kept: house, lamp, line.
const NUMBERS: usize = 3;
/// Characters that are looked at: what a matter is stands at its beginning.
const LOOKED_AT: usize = 200;

/// Words by which a reporter takes a matter back or says that it is over. A text with one is no duplicate of one without.
const OVER: [&str; 13] = [
    "修好了",
    "已经解决",
    "不用来",
    "撤销",
    "撤回",
    "误报",
    "已经停",
    "已经搬",
    "已经拆",
    "已经换",
    "已经清",
    "已经打扫",
    "来水了",
];

/// See [`super`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Print {
    least: [u8; ORDERS],
    /// Keyed, 0 where there is none.
    numbers: [u16; NUMBERS],
    over: bool,
}

impl Print {
    /// `keyed` is a hash under the cluster's key; another cluster's prints cannot be compared.
    pub fn of(text: &str, keyed: &dyn Fn(&[u8]) -> u64) -> Self {
        let letters: Vec<char> =
            text.chars().take(LOOKED_AT).filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
        let shingles = shingles(&letters);
        let mut least = [u64::MAX; ORDERS];
        for shingle in &shingles {
            let hash = keyed(shingle.as_bytes());
            for (order, least) in least.iter_mut().enumerate() {
                *least = (*least).min(mixed(hash, order as u64));
            }
        }
        let mut numbers = [0; NUMBERS];
        for (slot, number) in numbers.iter_mut().zip(numbers_of(&letters)) {
            *slot = (keyed(format!("number {number}").as_bytes()) as u16).max(1);
        }
        let over = OVER.iter().any(|word| text.contains(word));
        Self { least: least.map(|least| least.to_le_bytes()[7]), numbers, over }
    }

    /// Share of the shingles that two texts have in common, estimated, 0.0..=1.0.
    pub fn shared(&self, other: &Self) -> f32 {
        let same = self.least.iter().zip(&other.least).filter(|(a, b)| a == b).count();
        let chance = 1.0 / 256.0;
        ((same as f32 / ORDERS as f32 - chance) / (1.0 - chance)).max(0.0)
    }

    /// Both name numbers and no number is in both, or one of them says that the matter is over.
    pub fn contradicts(&self, other: &Self) -> bool {
        let named = |print: &Self| print.numbers[0] != 0;
        let common = self.numbers.iter().any(|number| *number != 0 && other.numbers.contains(number));
        (named(self) && named(other) && !common) || self.over != other.over
    }
}

/// Single characters and pairs: short reports share more of the former, long ones are told apart by the latter.
fn shingles(letters: &[char]) -> Vec<String> {
    let mut all: Vec<String> = [1, 2].iter().flat_map(|width| letters.windows(*width)).map(String::from_iter).collect();
    all.retain(|shingle| !STOP.contains(&shingle.as_str()));
    all.sort_unstable();
    all.dedup();
    all
}

/// Characters that every second report has.
const STOP: [&str; 22] = [
    "的", "了", "在", "是", "有", "我", "们", "不", "很", "都", "个", "一", "就", "也", "还", "里", "着", "被", "把",
    "上", "到", "人",
];

/// Runs of ASCII letters and digits that hold a digit, and nothing else: 12, a017.
fn numbers_of(letters: &[char]) -> Vec<String> {
    let runs = letters.split(|letter| !letter.is_ascii_alphanumeric()).map(String::from_iter);
    runs.filter(|run: &String| run.bytes().any(|byte| byte.is_ascii_digit())).collect()
}

/// Another order for each number: multiplication by an odd constant and folding of the halves.
fn mixed(hash: u64, order: u64) -> u64 {
    let turned = (hash ^ order.wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (turned ^ (turned >> 32)).wrapping_mul(0x94d0_49bb_1331_11eb)
}
