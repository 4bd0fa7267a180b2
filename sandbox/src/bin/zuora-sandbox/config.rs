//! The TOML file of the option `--config`.

use toml::{Table, Value};

use crate::options::Options;

/// Reads the file into the options, as the flags of the same names do; the table `settings` contains settings.
pub(crate) fn read(text: &str, options: &mut Options) -> Result<(), String> {
    let table: Table = text.parse().map_err(|error: toml::de::Error| {
        let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
        format!("line {line}: {}", error.message())
    })?;
    Options::check_tenant(table.keys().map(String::as_str))?;
    for (name, value) in &table {
        match (name.as_str(), value) {
            ("settings", Value::Table(settings)) => {
                options.settings.extend(settings.iter().map(|(name, value)| (name.clone(), argument(value))));
            }
            ("preset", Value::Array(names)) => {
                names.iter().try_for_each(|name| options.set("preset", Some(argument(name))))?;
            }
            ("open", Value::Boolean(false)) => {}
            ("open", Value::Boolean(true)) => options.set(name, None)?,
            ("open", _) => return Err(format!("{name}: must be true or false")),
            ("settings", _) => return Err(format!("{name}: must be a table of settings")),
            ("config", _) => return Err(format!("{name}: must not be used in a file")),
            ("chaos", Value::Table(parts)) => {
                let parts = parts.iter().map(|(name, value)| format!("{name}={}", argument(value)));
                options.set(name, Some(parts.collect::<Vec<_>>().join(",")))?;
            }
            (_, Value::String(_)) | ("accounts", _) => options.set(name, Some(argument(value)))?,
            _ if Options::has_value(name).is_err() => return Err(format!("unknown option {name:?}")),
            _ => return Err(format!("{name}: must be a text in quotes")),
        }
    }
    Ok(())
}

/// Writes a value as an argument of a command line; lists and tables as JSON.
fn argument(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => json(other),
    }
}

fn json(value: &Value) -> String {
    match value {
        Value::String(text) => serde_json::Value::from(text.as_str()).to_string(),
        Value::Array(rows) => format!("[{}]", rows.iter().map(json).collect::<Vec<_>>().join(",")),
        Value::Table(table) => {
            let member = |(name, value): (&String, &Value)| {
                format!("{}:{}", serde_json::Value::from(name.as_str()), json(value))
            };
            format!("{{{}}}", table.iter().map(member).collect::<Vec<_>>().join(","))
        }
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Boolean(value) => value.to_string(),
        Value::Datetime(time) => time.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_sets_what_the_flags_set() {
        let mut options = Options::default();
        let text = "listen = \"[::1]:0\"\npreset = [\"basic\", \"strict\"]\nchaos = \"seed=7,rate=0.05\"\n\n\
                    [settings]\nprocessing = \"50ms\"\nbatches = 200\nreason_codes = [\"A\", \"B\"]\n\
                    quota = { per_minute = 1, per_hour = 2, per_day = 3 }\n";
        read(text, &mut options).unwrap();
        assert_eq!(options.listen, "[::1]:0");
        let settings = options.settings().unwrap();
        assert_eq!((settings.batches, settings.quota.per_hour), (200, 2));
        assert_eq!(settings.reason_codes, ["A", "B"]);
        assert!(settings.reject_other_body && !settings.invoice_settlement);
    }

    #[test]
    fn chaos_is_a_text_or_a_table() {
        for text in ["chaos = \"seed=7,rate=0.05\"\n", "[chaos]\nrate = 0.05\nseed = 7\n"] {
            let mut options = Options::default();
            read(text, &mut options).unwrap();
            let chaos = options.chaos.unwrap();
            assert_eq!((chaos.seed(), chaos.rate()), (7, 0.05));
        }
    }

    #[test]
    fn errors_name_the_line_or_the_member() {
        for (text, says) in [
            ("listen = \"x\"\nlisten = 1\n", "line 2: duplicate key"),
            ("[settings\n", "line 1: "),
            ("speed = 1\n", "unknown option \"speed\""),
            ("open = 1\n", "open: must be true or false"),
            ("list-settings = true\n", "unknown option \"list-settings\""),
            ("state = true\n", "state: must be a text in quotes"),
            ("listen = 8470\n", "listen: must be a text in quotes"),
            ("cors = [\"*\"]\n", "cors: must be a text in quotes"),
            ("config = \"other.toml\"\n", "config: must not be used in a file"),
            ("settings = 1\n", "settings: must be a table of settings"),
            ("chaos = { seed = 7 }\n", "chaos: must be seed=N,rate=SHARE"),
            ("accounts = \"many\"\n", "accounts: must be"),
            ("accounts = 5\ntenant = \"t.json\"\n", "accounts: must not be used together with a tenant file"),
        ] {
            let error = read(text, &mut Options::default()).unwrap_err();
            assert!(error.starts_with(says), "{error}");
        }
    }
}
