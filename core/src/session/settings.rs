//! Settings as text, by their names: [`Config::from_vars`] for the environment, [`Config::from_profile`] for files.

use super::Session;
use super::config::Config;
use super::data_center::{DataCenter, Endpoint};
use super::profile;
use crate::error::{Error, Result};
use crate::transport::Seed;

/// Names of all settings, as they are written in a profile. The name of a variable is `ZUORA_` and the same in capitals.
const NAMES: [&str; 13] = [
    "data_center",
    "base_url",
    "allow_http_to",
    "client_id",
    "client_secret",
    "token",
    "entity_id",
    "org_ids",
    "api_version",
    "track_id",
    "app_name",
    "read_only",
    "non_production",
];

impl Config {
    /// Reads a configuration from environment variables, or from any other source of named text.
    ///
    /// This crate reads no environment: `lookup` returns the value of a variable. `zuora_ureq::config_from_env` and
    /// `zuora_reqwest::config_from_env` pass the variables of the process.
    ///
    /// | Variable | Value |
    /// | --- | --- |
    /// | `ZUORA_DATA_CENTER` | the [name of a data center](DataCenter::name), such as `eu-api-sandbox` |
    /// | `ZUORA_BASE_URL` | a base URL, such as `https://rest.zuora.com`, instead of a data center |
    /// | `ZUORA_ALLOW_HTTP_TO` | [`allow_http_to`](Self::allow_http_to), hosts separated by commas |
    /// | `ZUORA_CLIENT_ID`, `ZUORA_CLIENT_SECRET` | the credentials of an OAuth client |
    /// | `ZUORA_TOKEN` | a bearer token, instead of the credentials of a client |
    /// | `ZUORA_ENTITY_ID` | [`entity_id`](Self::entity_id) |
    /// | `ZUORA_ORG_IDS` | [`org_ids`](Self::org_ids), separated by commas |
    /// | `ZUORA_API_VERSION` | [`api_version`](Self::api_version) |
    /// | `ZUORA_TRACK_ID` | [`track_id`](Self::track_id) |
    /// | `ZUORA_APP_NAME` | [`app_name`](Self::app_name) |
    /// | `ZUORA_READ_ONLY` | `true` for [`read_only`](Self::read_only), or `false` |
    /// | `ZUORA_NON_PRODUCTION` | `true` for [`non_production`](Self::non_production), or `false` |
    ///
    /// Spaces and line breaks around a value are dropped. An empty variable counts as not set. The values are checked
    /// now, and not only when a session starts. Variables with other names are not read, so a typing error in the name of
    /// a guard leaves the guard off: call [`read_only`](Self::read_only) in the program that must never write.
    ///
    /// ```
    /// use zuora_core::Config;
    ///
    /// let variables = |name: &str| {
    ///     let value = match name {
    ///         "ZUORA_DATA_CENTER" => "eu-api-sandbox",
    ///         "ZUORA_CLIENT_ID" => "00000000-0000-4000-8000-000000000001",
    ///         "ZUORA_CLIENT_SECRET" => "hunter2",
    ///         _ => return None,
    ///     };
    ///     Some(value.to_owned())
    /// };
    /// let config = Config::from_vars(variables)?.track_id("nightly-billing");
    /// # let _ = config;
    ///
    /// let error = Config::from_vars(|name| variables(name).filter(|_| name != "ZUORA_CLIENT_SECRET")).unwrap_err();
    /// assert_eq!(error.field(), Some("ZUORA_CLIENT_SECRET"));
    /// # Ok::<(), zuora_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Build`](crate::ErrorKind::Build), with the name of the variable that is invalid, or of the first that
    /// is missing. Its message names all that are missing. No error contains the value of a credential.
    #[doc(alias = "environment")]
    #[doc(alias = "env")]
    #[doc(alias = "credentials")]
    pub fn from_vars(lookup: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let variable = |name: &str| format!("ZUORA_{}", name.to_ascii_uppercase());
        Settings { value: &|name| lookup(&variable(name)), label: &variable }.config()
    }

    /// Reads a configuration from the text of a profile file, which can describe several tenants.
    ///
    /// This crate reads no file: the application passes its text. A profile is a section with the settings of
    /// [`from_vars`](Self::from_vars), named without `ZUORA_` and in small letters.
    ///
    /// - A section begins with a line `[name]`.
    /// - A setting is a line `name = value`. Double or single quotes around the value are dropped. There are no escapes:
    ///   a value in double quotes contains neither these nor a backslash, and one in single quotes no single quote.
    /// - A line that begins with `#` or `;` is a comment. There is no comment after a value.
    ///
    /// A TOML file with one table for each tenant is valid if its strings need no escapes.
    ///
    /// ```
    /// use zuora_core::Config;
    ///
    /// let text = r#"
    /// ## billing tenants
    /// [test]
    /// data_center = "us-cloud-2-api-sandbox"
    /// client_id = "00000000-0000-4000-8000-000000000001"
    /// client_secret = "hunter2"
    /// non_production = true
    ///
    /// [production]
    /// base_url = "https://rest.zuora.com"
    /// token = "a-token"
    /// "#;
    /// let config = Config::from_profile(text, "test")?; // text from std::fs::read_to_string
    /// # let _ = config;
    ///
    /// let error = Config::from_profile(text, "staging").unwrap_err();
    /// assert_eq!(error.to_string(), "`[staging]`: must be a profile of the file, which has: test, production; not sent");
    /// # Ok::<(), zuora_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Build`](crate::ErrorKind::Build), with the profile and the setting or line that is missing or
    /// invalid, as `[test] client_secret`. An unknown setting is an error, since it may be a guard with a typing error.
    /// An unknown profile is an error that lists the profiles of the file. No error contains the value of a credential.
    #[doc(alias = "file")]
    #[doc(alias = "ini")]
    #[doc(alias = "toml")]
    #[doc(alias = "credentials")]
    pub fn from_profile(text: &str, name: &str) -> Result<Self> {
        let values = profile::section(text, name, &NAMES)?;
        let value =
            |setting: &str| values.iter().find(|(known, _)| *known == setting).map(|(_, v)| (*v).into());
        Settings { value: &value, label: &|setting| format!("[{name}] {setting}") }.config()
    }
}

/// Text by the names of settings, and the name that an error uses for each setting.
struct Settings<'a> {
    value: &'a dyn Fn(&str) -> Option<String>,
    label: &'a dyn Fn(&str) -> String,
}

impl Settings<'_> {
    fn config(&self) -> Result<Config> {
        let mut config = self.tenant()?;
        if let Some(hosts) = self.get("allow_http_to") {
            config.http_hosts = hosts.split(',').map(|host| host.trim().to_owned()).collect();
        }
        config.headers.entity_id = self.get("entity_id");
        config.headers.org_ids = self.get("org_ids");
        config.headers.version = self.get("api_version").or(config.headers.version);
        config.headers.track_id = self.get("track_id");
        config.user_agent = self.get("app_name");
        config.guards.read_only = self.flag("read_only")?;
        config.guards.non_production = self.flag("non_production")?;
        // A session checks all values. This one is dropped, so its seed is of no importance.
        match Session::new(&config, &Seed::from_bytes([0; 32])) {
            Ok(_) => Ok(config),
            Err(error) => Err(self.relabel(error)),
        }
    }

    fn tenant(&self) -> Result<Config> {
        let endpoint = self.endpoint()?;
        let (id, secret, token) = (self.get("client_id"), self.get("client_secret"), self.get("token"));
        if token.is_some() && (id.is_some() || secret.is_some()) {
            return Err(self.invalid("token", "must not be set together with a client id or secret"));
        }
        match (endpoint, id, secret, token) {
            (Some(endpoint), Some(id), Some(secret), _) => Ok(Config::new(endpoint, id, secret)),
            (Some(endpoint), _, _, Some(token)) => Ok(Config::with_token(endpoint, token)),
            (endpoint, id, secret, token) => {
                let credential = match (id, secret) {
                    _ if token.is_some() => None,
                    (None, None) => Some(("client_id", "client_secret", Some("token"))),
                    (Some(_), None) => Some(("client_secret", "client_id", None)),
                    (None, Some(_)) => Some(("client_id", "client_secret", None)),
                    (Some(_), Some(_)) => None,
                };
                Err(self.missing(endpoint.is_none(), credential))
            }
        }
    }

    /// Names everything that is missing in one error, whose field is the first of it.
    fn missing(&self, endpoint: bool, credential: Option<(&str, &str, Option<&str>)>) -> Error {
        let label = self.label;
        let center = ("data_center", format!("must be set, or else {}", label("base_url")));
        let credential = credential.map(|(name, partner, instead)| {
            let instead = instead.map(|name| format!(", or else {}", label(name))).unwrap_or_default();
            (name, format!("must be set together with {}{instead}", label(partner)))
        });
        match (endpoint, credential) {
            (false, Some((name, why))) => self.invalid(name, &why),
            (true, Some((name, why))) => {
                self.invalid(center.0, &format!("{}; {} {why}", center.1, label(name)))
            }
            (_, None) => self.invalid(center.0, &center.1),
        }
    }

    /// Returns `None` if neither setting is there.
    fn endpoint(&self) -> Result<Option<Endpoint>> {
        match (self.get("data_center"), self.get("base_url")) {
            (Some(_), Some(_)) => {
                Err(self.invalid("base_url", "must not be set together with a data center"))
            }
            (None, Some(url)) => Ok(Some(url.into())),
            (Some(name), None) => match DataCenter::ALL.into_iter().find(|center| center.name() == name) {
                Some(center) => Ok(Some(center.into())),
                None => {
                    let names = DataCenter::ALL.map(DataCenter::name).join(", ");
                    Err(self.invalid("data_center", &format!("must be one of {names}")))
                }
            },
            (None, None) => Ok(None),
        }
    }

    /// Returns the value of a setting, if there is one that is not blank.
    fn get(&self, name: &str) -> Option<String> {
        let value = (self.value)(name)?;
        Some(value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    fn flag(&self, name: &str) -> Result<bool> {
        match self.get(name).as_deref() {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(self.invalid(name, "must be true or false")),
        }
    }

    fn invalid(&self, name: &str, why: &str) -> Error {
        Error::invalid((self.label)(name), why.to_owned())
    }

    /// Names the setting instead of the header that it becomes.
    fn relabel(&self, error: Error) -> Error {
        let name = match error.field() {
            Some("base URL") => "base_url",
            Some("Authorization") => "token",
            Some("Zuora-Entity-Ids") => "entity_id",
            Some("Zuora-Org-Ids") => "org_ids",
            Some("Zuora-Version") => "api_version",
            Some("Zuora-Track-Id") => "track_id",
            Some("User-Agent") => "app_name",
            Some(name @ ("client_id" | "client_secret" | "allow_http_to")) => name,
            _ => return error,
        };
        let label = (self.label)(name);
        error.with_field(label)
    }
}
