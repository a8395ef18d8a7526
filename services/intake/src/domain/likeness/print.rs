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
    /// Hashing begins at `seed`: prints of another cluster, whose seed is another, have nothing in common with ours.
    pub fn of(text: &str, seed: u64) -> Self {
        let letters: Vec<char> =
            text.chars().take(LOOKED_AT).filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
        let mut least = [u32::MAX; ORDERS];
        let ones = letters.iter().filter(|letter| !STOP.contains(letter)).map(|letter| u64::from(*letter));
        let pairs = letters.windows(2).map(|pair| (u64::from(pair[0]) << 32) | u64::from(pair[1]));
        for shingle in ones.chain(pairs) {
            let hash = mixed(shingle ^ seed);
            let (start, step) = ((hash >> 32) as u32, hash as u32 | 1);
            // Two halves of one hash stand for as many hashes as there are orders (Kirsch and Mitzenmacher).
            for (least, order) in least.iter_mut().zip(0_u32..) {
                *least = (*least).min(turned(start.wrapping_add(step.wrapping_mul(order))));
            }
        }
        let mut numbers = [0; NUMBERS];
        for (slot, number) in numbers.iter_mut().zip(numbers_of(&letters)) {
            let hash = number.bytes().fold(seed, |hash, byte| mixed(hash ^ u64::from(byte)));
            *slot = (hash as u16).max(1);
        }
        let over = OVER.iter().any(|word| text.contains(word));
        // The least of many is small: its upper bits say how many there were, only the lower ones which it was.
        Self { least: least.map(|least| least as u8), numbers, over }
    }

    /// Share of the shingles that two texts have in common, estimated, 0.0..=1.0.
    pub fn shared(&self, other: &Self) -> f32 {
        // Counted in a byte, which holds 64, so that sixteen orders are compared at once.
        let same: u8 = self.least.iter().zip(&other.least).map(|(a, b)| u8::from(a == b)).sum();
        let chance = 1.0 / 256.0;
        ((f32::from(same) / ORDERS as f32 - chance) / (1.0 - chance)).max(0.0)
    }

    /// Both name numbers and no number is in both, or one of them says that the matter is over.
    pub fn contradicts(&self, other: &Self) -> bool {
        let named = |print: &Self| print.numbers[0] != 0;
        let common = self.numbers.iter().any(|number| *number != 0 && other.numbers.contains(number));
        (named(self) && named(other) && !common) || self.over != other.over
    }
}

/// Characters that every second report has.
const STOP: [char; 22] = [
    '的', '了', '在', '是', '有', '我', '们', '不', '很', '都', '个', '一', '就', '也', '还', '里', '着', '被', '把',
    '上', '到', '人',
];

/// Runs of ASCII letters and digits that hold a digit, and nothing else: 12, a017.
fn numbers_of(letters: &[char]) -> Vec<String> {
    let runs = letters.split(|letter| !letter.is_ascii_alphanumeric()).map(String::from_iter);
    runs.filter(|run: &String| run.bytes().any(|byte| byte.is_ascii_digit())).collect()
}

/// Every bit of the result hangs on every bit of what was given (the finisher of SplitMix64).
const fn mixed(number: u64) -> u64 {
    let folded = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let folded = (folded ^ (folded >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    folded ^ (folded >> 31)
}

/// The same for 32 bits, in two steps.
const fn turned(number: u32) -> u32 {
    let folded = (number ^ (number >> 16)).wrapping_mul(0x045d_9f3b);
    folded ^ (folded >> 15)
}
