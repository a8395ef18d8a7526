//! Personal data that is ciphertext from the first event on, and the masks under which a glimpse of it may be shown.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, Deserialize, Deserializer, SeqAccess, Visitor};
use serde::{Serialize, Serializer};

/// Personal data of type `T`, sealed under its subject's key. It holds ciphertext only; opening it is the business of the `Sealer`
/// (casebook), which asks for a purpose and leaves a record. Nothing here can print or compare what is inside.
pub struct Private<T> {
    sealed: Vec<u8>,
    inside: PhantomData<fn() -> T>,
}

impl<T> Private<T> {
    /// Wraps what a sealer has sealed.
    #[must_use]
    pub const fn from_sealed(sealed: Vec<u8>) -> Self {
        Self { sealed, inside: PhantomData }
    }

    /// The ciphertext.
    #[must_use]
    pub fn sealed(&self) -> &[u8] {
        &self.sealed
    }

    /// The ciphertext, owned.
    #[must_use]
    pub fn into_sealed(self) -> Vec<u8> {
        self.sealed
    }
}

// By hand, because a derive would ask the same of `T`, of which there is none here.
impl<T> Clone for Private<T> {
    fn clone(&self) -> Self {
        Self::from_sealed(self.sealed.clone())
    }
}

/// Equal ciphertext. The same data sealed twice differs.
impl<T> PartialEq for Private<T> {
    fn eq(&self, other: &Self) -> bool {
        self.sealed == other.sealed
    }
}

impl<T> Eq for Private<T> {}

impl<T> fmt::Debug for Private<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Private(..)")
    }
}

impl<T> Serialize for Private<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.sealed)
    }
}

impl<'de, T> Deserialize<'de> for Private<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_byte_buf(Bytes).map(Self::from_sealed)
    }
}

/// Bytes, or the list of numbers as which JSON writes them.
struct Bytes;

impl<'de> Visitor<'de> for Bytes {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sealed bytes")
    }

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
        Ok(bytes.to_vec())
    }

    fn visit_byte_buf<E: de::Error>(self, bytes: Vec<u8>) -> Result<Vec<u8>, E> {
        Ok(bytes)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut numbers: A) -> Result<Vec<u8>, A::Error> {
        let mut bytes = Vec::new();
        while let Some(byte) = numbers.next_element()? {
            bytes.push(byte);
        }
        Ok(bytes)
    }
}

/// A name of which only the first character shows. One star however long the rest is: the length of a name helps to guess it.
#[must_use]
pub fn mask_name(name: &str) -> String {
    name.trim().chars().next().map(|first| format!("{first}*")).unwrap_or_default()
}

/// A telephone number of which the first three and last four digits show (`138****1234`); of a shorter one only what leaves at least four hidden.
#[must_use]
pub fn mask_phone(phone: &str) -> String {
    let digits: Vec<char> = phone.chars().filter(char::is_ascii_digit).collect();
    let tail = digits.len().saturating_sub(4).min(4);
    let head = digits.len().saturating_sub(tail + 4).min(3);
    let hidden = digits.len() - head - tail;
    let mut masked: String = digits[..head].iter().collect();
    masked.extend(std::iter::repeat_n('*', hidden));
    masked.extend(&digits[digits.len() - tail..]);
    masked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing_of_the_ciphertext() {
        let private: Private<String> = Private::from_sealed(b"canary".to_vec());
        assert_eq!(format!("{private:?} {:?}", Some(private.clone())), "Private(..) Some(Private(..))");
    }

    #[test]
    fn sealed_bytes_survive_json_and_postcard() {
        let private: Private<u64> = Private::from_sealed(vec![0, 255, 7]);
        let json = serde_json::to_string(&private).unwrap();
        assert_eq!(serde_json::from_str::<Private<u64>>(&json).unwrap(), private);
        let packed = postcard::to_stdvec(&private).unwrap();
        assert_eq!(packed.len(), 4);
        assert_eq!(postcard::from_bytes::<Private<u64>>(&packed).unwrap(), private);
    }

    #[test]
    fn masks_hide_at_least_four_digits_and_the_length_of_a_name() {
        let names = ["张三", "欧阳娜娜", " 李", ""].map(mask_name);
        assert_eq!(names, ["张*", "欧*", "李*", ""]);
        let phones = ["13800001234", "023-6888 1234", "1234567", "123", ""].map(mask_phone);
        assert_eq!(phones, ["138****1234", "023****1234", "****567", "***", ""]);
    }
}
