//! The options of the command line.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::{Arg, Parser, ValueExt};
use zuora_sandbox::{Chaos, SettingError, Settings};

use crate::config;
use crate::presets::{PRESETS, Preset};

const HELP: &str = "\
Simulates the Zuora Billing service over HTTP, offline.

Usage: zuora-sandbox [OPTIONS]

  --listen ADDRESS    address of the server (default 127.0.0.1:8470; port 0 selects a free port)
  --preset NAME       kind of the tenant; can be used several times (see below)
  --set NAME=VALUE    one setting, such as processing=50ms; can be used several times
  --list-settings     print all settings with their values as a TOML file, and end
  --tenant FILE       a tenant file instead of the demo tenant
  --accounts N        a generated tenant with that number of accounts, instead of a file
  --state FILE        keep the state in a file, and continue from it after a restart
  --chaos seed=N,rate=SHARE
                      a random fault for that share of the requests, from 0 to 1
  --cors ORIGIN       web origin whose pages may use the API, or * for all
  --tls FILE          serve HTTPS, and write the certificate, which signs itself, to a file as PEM
  --config FILE       TOML file with the options above; settings are in its table [settings]
  --open              open the page of the sandbox in the browser
  --version           print the version
  --help              print this text

The page at / shows the tenant. /sandbox/openapi.json describes the control API.

Presets:
";

/// The value of each option; flags replace what the file of `--config` says.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) listen: String,
    pub(crate) presets: Vec<&'static Preset>,
    /// Names and values of settings; later ones replace earlier ones.
    pub(crate) settings: Vec<(String, String)>,
    pub(crate) tenant: TenantSource,
    pub(crate) chaos: Option<Chaos>,
    pub(crate) cors: Option<String>,
    /// File for the certificate.
    pub(crate) tls: Option<PathBuf>,
    pub(crate) state: Option<PathBuf>,
    pub(crate) open: bool,
}

/// The tenant that is served.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum TenantSource {
    Demo,
    File(PathBuf),
    Generated(usize),
}

/// The purpose of a command line.
#[derive(Debug)]
pub(crate) enum Command {
    Serve(Box<Options>),
    /// Print a text and end.
    Print(String),
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8470".to_owned(),
            presets: Vec::new(),
            settings: Vec::new(),
            tenant: TenantSource::Demo,
            chaos: None,
            cors: None,
            tls: None,
            state: None,
            open: false,
        }
    }
}

impl Command {
    /// Parses the arguments without the name of the program.
    pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, String> {
        let mut flags: Vec<(String, Option<String>)> = Vec::new();
        let mut list_settings = false;
        let mut parser = Parser::from_args(arguments);
        while let Some(argument) = parser.next().map_err(|error| error.to_string())? {
            let name = match argument {
                Arg::Short('h') | Arg::Long("help") => return Ok(Self::Print(help())),
                Arg::Short('V') | Arg::Long("version") => {
                    return Ok(Self::Print(
                        concat!("zuora-sandbox ", env!("CARGO_PKG_VERSION"), "\n").to_owned(),
                    ));
                }
                Arg::Long("list-settings") => {
                    list_settings = true;
                    continue;
                }
                Arg::Long(name) => name.to_owned(),
                Arg::Short(flag) => return Err(format!("unknown option \"-{flag}\"; see --help")),
                Arg::Value(value) => {
                    return Err(format!("unexpected argument {:?}; see --help", value.to_string_lossy()));
                }
            };
            let value = match Options::has_value(&name)? {
                true => Some(parser.value().and_then(ValueExt::string).map_err(|error| error.to_string())?),
                false => None,
            };
            flags.push((name, value));
        }
        let options = Options::read(flags)?;
        let settings = options.settings()?;
        Ok(match list_settings {
            true => Self::Print(settings.to_toml()),
            false => Self::Serve(Box::new(options)),
        })
    }
}

impl Options {
    fn read(flags: Vec<(String, Option<String>)>) -> Result<Self, String> {
        let mut options = Self::default();
        for (_, file) in flags.iter().filter(|(name, _)| name == "config") {
            let file = file.clone().unwrap_or_default();
            let text = std::fs::read_to_string(&file).map_err(|error| format!("--config {file}: {error}"))?;
            config::read(&text, &mut options).map_err(|error| format!("--config {file}: {error}"))?;
        }
        Self::check_tenant(flags.iter().map(|(name, _)| name.as_str()))
            .map_err(|error| format!("--{error}"))?;
        for (name, value) in flags {
            if name != "config" {
                options.set(&name, value).map_err(|error| format!("--{error}"))?;
            }
        }
        Ok(options)
    }

    /// Checks that the options with these names select one tenant.
    pub(crate) fn check_tenant<'n>(names: impl Iterator<Item = &'n str>) -> Result<(), String> {
        match names.filter(|name| ["tenant", "accounts"].contains(name)).collect::<BTreeSet<_>>().len() {
            2 => Err("accounts: must not be used together with a tenant file".to_owned()),
            _ => Ok(()),
        }
    }

    /// Whether the option with that name has a value.
    pub(crate) fn has_value(name: &str) -> Result<bool, String> {
        match name {
            "listen" | "preset" | "set" | "tenant" | "accounts" | "chaos" | "cors" | "tls" | "config"
            | "state" => Ok(true),
            "open" => Ok(false),
            _ => Err(format!("unknown option \"--{name}\"; see --help")),
        }
    }

    /// Sets an option; errors start with its name.
    pub(crate) fn set(&mut self, name: &str, value: Option<String>) -> Result<(), String> {
        let value = value.unwrap_or_default();
        match name {
            "listen" => self.listen = value,
            "preset" => self.presets.push(Preset::find(&value).map_err(|error| format!("preset: {error}"))?),
            "set" => {
                let (name, value) =
                    value.split_once('=').ok_or("set: must be NAME=VALUE; see --list-settings")?;
                self.settings.push((name.trim().to_owned(), value.trim().to_owned()));
            }
            "tenant" => self.tenant = TenantSource::File(value.into()),
            "accounts" => {
                let number = value.parse().ok().filter(|number| (1..=1_000_000).contains(number));
                let number = number.ok_or("accounts: must be a whole number from 1 to 1000000")?;
                self.tenant = TenantSource::Generated(number);
            }
            "chaos" => {
                let chaos = parse_chaos(&value);
                self.chaos = Some(chaos.ok_or("chaos: must be seed=N,rate=SHARE with a share from 0 to 1")?);
            }
            "cors" => self.cors = Some(value),
            "tls" => self.tls = Some(value.into()),
            "state" => self.state = Some(value.into()),
            "open" => self.open = true,
            _ => return Err(format!("unknown option {name:?}")),
        }
        Ok(())
    }

    /// Whether presets or settings are given.
    pub(crate) fn changes_settings(&self) -> bool {
        !self.presets.is_empty() || !self.settings.is_empty()
    }

    /// Returns the settings: those of the presets, then those that are set.
    pub(crate) fn settings(&self) -> Result<Settings, String> {
        let mut settings = Settings::default();
        let explain = |error: SettingError| format!("{error}; see --list-settings");
        self.presets.iter().try_for_each(|preset| preset.apply(&mut settings)).map_err(explain)?;
        self.settings.iter().try_for_each(|(name, value)| settings.set(name, value)).map_err(explain)?;
        Ok(settings)
    }
}

fn help() -> String {
    let rows = PRESETS.iter().map(|preset| format!("  {:<20}{}\n", preset.name, preset.description));
    format!("{HELP}{}", rows.collect::<String>())
}

/// Parses `seed=7,rate=0.05`.
fn parse_chaos(text: &str) -> Option<Chaos> {
    let (mut seed, mut rate) = (None, None);
    for part in text.split(',') {
        match part.split_once('=')? {
            ("seed", number) => seed = Some(number.trim().parse().ok()?),
            ("rate", share) => rate = share.trim().parse().ok().filter(|share| (0.0..=1.0).contains(share)),
            _ => return None,
        }
    }
    Some(Chaos::new(seed?, rate?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Command, String> {
        Command::parse(line.split_whitespace().map(OsString::from))
    }

    fn options(line: &str) -> Options {
        match parse(line).unwrap() {
            Command::Serve(options) => *options,
            Command::Print(text) => panic!("{text}"),
        }
    }

    fn printed(line: &str) -> String {
        match parse(line).unwrap() {
            Command::Print(text) => text,
            Command::Serve(options) => panic!("{options:?}"),
        }
    }

    #[test]
    fn a_flag_has_its_value_after_a_space_or_an_equals_sign() {
        for line in ["--listen [::1]:0 --accounts 5", "--listen=[::1]:0 --accounts=5"] {
            let options = options(line);
            assert_eq!((options.listen.as_str(), options.tenant), ("[::1]:0", TenantSource::Generated(5)));
        }
    }

    #[test]
    fn a_later_setting_replaces_an_earlier_one_and_a_preset() {
        let options =
            options("--set processing=1m --preset=instant --set=processing=50ms --chaos=seed=7,rate=0.05");
        let settings = options.settings().unwrap();
        assert_eq!(settings.processing.as_millis(), 50);
        assert!(settings.job_step.is_zero());
        assert_eq!(options.chaos.unwrap().seed(), 7);
    }

    #[test]
    fn help_version_and_settings_are_printed() {
        assert_eq!(printed("--version"), format!("zuora-sandbox {}\n", env!("CARGO_PKG_VERSION")));
        assert!(printed("-h --nonsense").contains("--set NAME=VALUE"));
        let listed = printed("--list-settings --set batches=200");
        assert!(listed.contains("\nbatches = 200\n"), "{listed}");
        let mut again = Options::default();
        config::read(&listed, &mut again).unwrap();
        assert_eq!(again.settings().unwrap().to_toml(), listed, "the list is a file for --config");
    }

    #[test]
    fn errors_name_the_argument() {
        for (line, says) in [
            ("--port 1", "unknown option \"--port\"; see --help"),
            ("-p", "unknown option \"-p\"; see --help"),
            ("8470", "unexpected argument \"8470\"; see --help"),
            ("--listen", "missing argument for option '--listen'"),
            ("--open=yes", "unexpected argument for option '--open': \"yes\""),
            ("--set processing", "--set: must be NAME=VALUE"),
            ("--set speed=1", "no setting is named \"speed\"; see --list-settings"),
            ("--set processing=fast", "processing: must be a number of seconds"),
            ("--preset huge", "--preset: no preset is named \"huge\"; use one of production"),
            ("--accounts 0", "--accounts: must be a whole number from 1"),
            ("--accounts 5 --tenant t.json", "--accounts: must not be used together with a tenant file"),
            ("--chaos 7", "--chaos: must be seed=N,rate=SHARE"),
            ("--chaos seed=7,rate=2", "--chaos: must be seed=N,rate=SHARE"),
            ("--config /nowhere/x.toml", "--config /nowhere/x.toml: No such file"),
        ] {
            let error = parse(line).map(|_| ()).unwrap_err();
            assert!(error.starts_with(says), "{line}: {error}");
        }
    }
}
