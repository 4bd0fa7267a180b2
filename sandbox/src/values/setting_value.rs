//! Values of settings, as JSON and as text of a command line.

use std::time::Duration;

use super::json::Json;

/// A type of a setting.
pub(crate) trait SettingValue: Sized {
    /// The values that [`from_json`](Self::from_json) accepts, for error messages.
    const EXPECTED: &'static str;

    /// Reads a value; `None` if it is not of this type. A text is read like an argument of a command line.
    fn from_json(value: &Json) -> Option<Self>;

    fn to_json(&self) -> Json;
}

impl SettingValue for bool {
    const EXPECTED: &'static str = "true or false";

    fn from_json(value: &Json) -> Option<Self> {
        match value {
            Json::Bool(value) => Some(*value),
            Json::Text(text) => text.parse().ok(),
            _ => None,
        }
    }

    fn to_json(&self) -> Json {
        Json::Bool(*self)
    }
}

/// Implements the trait for whole numbers.
macro_rules! whole_numbers {
    ($($number:ty)*) => {
        $(impl SettingValue for $number {
            const EXPECTED: &'static str = "a whole number";

            fn from_json(value: &Json) -> Option<Self> {
                match value {
                    Json::Number(text) | Json::Text(text) => text.parse().ok(),
                    _ => None,
                }
            }

            fn to_json(&self) -> Json {
                Json::Number(self.to_string().into())
            }
        })*
    };
}

whole_numbers!(u16 u32 u64 usize);

impl SettingValue for String {
    const EXPECTED: &'static str = "a text";

    fn from_json(value: &Json) -> Option<Self> {
        value.text().map(str::to_owned)
    }

    fn to_json(&self) -> Json {
        self.into()
    }
}

impl SettingValue for Vec<String> {
    const EXPECTED: &'static str = "a list of texts, or texts that are separated by commas";

    fn from_json(value: &Json) -> Option<Self> {
        match value {
            Json::Array(rows) => rows.iter().map(String::from_json).collect(),
            Json::Text(text) => Some(text.split(',').map(|part| part.trim().to_owned()).collect()),
            _ => None,
        }
    }

    fn to_json(&self) -> Json {
        self.clone().into()
    }
}

impl SettingValue for Duration {
    const EXPECTED: &'static str = "a number of seconds, or a text such as 50ms, 1.5s, 10m, 24h or 30d";

    fn from_json(value: &Json) -> Option<Self> {
        match value {
            Json::Number(text) | Json::Text(text) => parse_duration(text),
            _ => None,
        }
    }

    fn to_json(&self) -> Json {
        match self.subsec_nanos() {
            0 => format!("{}s", self.as_secs()).into(),
            _ => format!("{}s", self.as_secs_f64()).into(),
        }
    }
}

/// Parses a number with a unit; a number without one is in seconds.
fn parse_duration(text: &str) -> Option<Duration> {
    const UNITS: [(&str, f64); 5] = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0), ("d", 86_400.0)];
    let text = text.trim();
    let with_unit = UNITS.iter().find_map(|(unit, seconds)| Some((text.strip_suffix(unit)?, *seconds)));
    let (number, seconds) = with_unit.unwrap_or((text, 1.0));
    // Words such as `inf` are numbers for the parser.
    if !number.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    Duration::try_from_secs_f64(number.parse::<f64>().ok()? * seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_a_number_with_a_unit() {
        for (text, millis) in [
            ("50ms", 50),
            ("1.5s", 1500),
            ("10m", 600_000),
            ("24h", 86_400_000),
            ("2d", 172_800_000),
            ("3", 3000),
        ] {
            assert_eq!(Duration::from_json(&text.into()), Some(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "s", "-1", "-1s", "1 week", "inf", "1e99", "NaN"] {
            assert_eq!(Duration::from_json(&text.into()), None, "{text}");
        }
        for duration in [Duration::ZERO, Duration::from_millis(1), Duration::from_millis(86_400_001)] {
            assert_eq!(Duration::from_json(&duration.to_json()), Some(duration));
        }
    }

    #[test]
    fn lists_are_separated_by_commas() {
        let list = Some(vec!["a".to_owned(), "b c".to_owned()]);
        assert_eq!(Vec::from_json(&"a, b c".into()), list);
        assert_eq!(Vec::from_json(&list.clone().unwrap().to_json()), list);
    }
}
