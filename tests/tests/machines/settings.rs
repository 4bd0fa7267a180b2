//! A configuration that is read from variables or from a profile file.

use zuora_core::session::Session;
use zuora_core::transport::Seed;
use zuora_core::{Config, DataCenter, ErrorKind};

const ID: &str = "00000000-0000-4000-8000-000000000001";
const SECRET: &str = "hunter2-of-the-tenant";

fn from_vars(variables: &[(&str, &str)]) -> Result<Config, zuora_core::Error> {
    Config::from_vars(|name| {
        variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    })
}

fn with(more: &[(&'static str, &'static str)]) -> Result<Config, zuora_core::Error> {
    let mut variables =
        vec![("ZUORA_DATA_CENTER", "eu"), ("ZUORA_CLIENT_ID", ID), ("ZUORA_CLIENT_SECRET", SECRET)];
    variables.retain(|(name, _)| more.iter().all(|(other, _)| other != name));
    variables.extend(more);
    from_vars(&variables)
}

#[test]
fn every_setting_has_the_effect_of_its_setter() {
    let read = with(&[
        ("ZUORA_ALLOW_HTTP_TO", "zuora-sandbox, 10.0.0.5"),
        ("ZUORA_ENTITY_ID", "entity-1"),
        ("ZUORA_ORG_IDS", "org-1,org-2"),
        ("ZUORA_API_VERSION", "2023-10-24"),
        ("ZUORA_TRACK_ID", "nightly"),
        ("ZUORA_APP_NAME", "billing-cron/2.1"),
        ("ZUORA_READ_ONLY", "true"),
        ("ZUORA_NON_PRODUCTION", "true"),
    ]);
    let written = Config::new(DataCenter::Eu, ID, SECRET)
        .allow_http_to("zuora-sandbox")
        .allow_http_to("10.0.0.5")
        .entity_id("entity-1")
        .org_ids(["org-1", "org-2"])
        .api_version("2023-10-24")
        .track_id("nightly")
        .app_name("billing-cron/2.1")
        .read_only()
        .non_production();
    assert_eq!(format!("{:?}", read.unwrap()), format!("{written:?}"));

    let token = from_vars(&[("ZUORA_BASE_URL", "https://rest.zuora.com"), ("ZUORA_TOKEN", "a-token\n")]);
    let written = Config::with_token("https://rest.zuora.com", "a-token");
    assert_eq!(format!("{:?}", token.unwrap()), format!("{written:?}"));
}

#[test]
fn an_empty_variable_is_not_set_and_false_is_off() {
    let read = with(&[("ZUORA_TOKEN", ""), ("ZUORA_ENTITY_ID", " "), ("ZUORA_READ_ONLY", "false")]).unwrap();
    assert_eq!(format!("{read:?}"), format!("{:?}", Config::new(DataCenter::Eu, ID, SECRET)));
}

#[test]
fn every_data_center_has_a_name_that_is_read() {
    for center in DataCenter::ALL {
        let read = with(&[("ZUORA_DATA_CENTER", center.name())]).unwrap();
        assert_eq!(format!("{read:?}"), format!("{:?}", Config::new(center, ID, SECRET)));
    }
}

#[test]
fn an_error_names_its_variable_and_contains_no_credential() {
    let cases: &[(&[(&'static str, &'static str)], &str)] = &[
        (&[("ZUORA_DATA_CENTER", "")], "ZUORA_DATA_CENTER"),
        (&[("ZUORA_DATA_CENTER", "moon")], "ZUORA_DATA_CENTER"),
        (&[("ZUORA_BASE_URL", "https://rest.zuora.com")], "ZUORA_BASE_URL"),
        (&[("ZUORA_DATA_CENTER", ""), ("ZUORA_BASE_URL", "http://rest.zuora.com")], "ZUORA_BASE_URL"),
        (
            &[("ZUORA_DATA_CENTER", ""), ("ZUORA_BASE_URL", "https://u:hunter2@rest.zuora.com")],
            "ZUORA_BASE_URL",
        ),
        (&[("ZUORA_ALLOW_HTTP_TO", "http://zuora-sandbox")], "ZUORA_ALLOW_HTTP_TO"),
        (&[("ZUORA_CLIENT_ID", "")], "ZUORA_CLIENT_ID"),
        (&[("ZUORA_CLIENT_ID", "hunter2")], "ZUORA_CLIENT_ID"),
        (&[("ZUORA_CLIENT_SECRET", "")], "ZUORA_CLIENT_SECRET"),
        (&[("ZUORA_CLIENT_SECRET", "hunter2-éé")], "ZUORA_CLIENT_SECRET"),
        (&[("ZUORA_TOKEN", "hunter2")], "ZUORA_TOKEN"),
        (&[("ZUORA_CLIENT_ID", ""), ("ZUORA_TOKEN", "hunter2")], "ZUORA_TOKEN"),
        (&[("ZUORA_CLIENT_SECRET", ""), ("ZUORA_TOKEN", "hunter2")], "ZUORA_TOKEN"),
        (
            &[("ZUORA_CLIENT_ID", ""), ("ZUORA_CLIENT_SECRET", ""), ("ZUORA_TOKEN", "hunter2 é")],
            "ZUORA_TOKEN",
        ),
        (&[("ZUORA_CLIENT_ID", ""), ("ZUORA_CLIENT_SECRET", "")], "ZUORA_CLIENT_ID"),
        (&[("ZUORA_ENTITY_ID", "a,b")], "ZUORA_ENTITY_ID"),
        (&[("ZUORA_ORG_IDS", "a,,b")], "ZUORA_ORG_IDS"),
        (&[("ZUORA_API_VERSION", "new")], "ZUORA_API_VERSION"),
        (&[("ZUORA_TRACK_ID", "a:b")], "ZUORA_TRACK_ID"),
        (&[("ZUORA_APP_NAME", "é")], "ZUORA_APP_NAME"),
        (&[("ZUORA_READ_ONLY", "yes")], "ZUORA_READ_ONLY"),
        (&[("ZUORA_NON_PRODUCTION", "1")], "ZUORA_NON_PRODUCTION"),
    ];
    for (variables, name) in cases {
        let error = with(variables).unwrap_err();
        assert_eq!((error.kind(), error.field()), (ErrorKind::Build, Some(*name)), "{error}");
        for text in [error.to_string(), format!("{error:#}"), format!("{error:?}")] {
            assert!(!text.contains("hunter2"), "{text}");
            assert!(text.contains(name), "{text}");
        }
    }
}

#[test]
fn one_error_names_all_variables_that_are_missing() {
    let message = |variables: &[(&str, &str)]| from_vars(variables).unwrap_err().to_string();
    assert_eq!(
        message(&[]),
        "`ZUORA_DATA_CENTER`: must be set, or else ZUORA_BASE_URL; ZUORA_CLIENT_ID must be set together with \
         ZUORA_CLIENT_SECRET, or else ZUORA_TOKEN; not sent"
    );
    assert_eq!(
        message(&[("ZUORA_CLIENT_ID", ID)]),
        "`ZUORA_DATA_CENTER`: must be set, or else ZUORA_BASE_URL; ZUORA_CLIENT_SECRET must be set together with \
         ZUORA_CLIENT_ID; not sent"
    );
    assert_eq!(
        message(&[("ZUORA_TOKEN", "t")]),
        "`ZUORA_DATA_CENTER`: must be set, or else ZUORA_BASE_URL; not sent"
    );
    assert_eq!(
        message(&[("ZUORA_DATA_CENTER", "eu")]),
        "`ZUORA_CLIENT_ID`: must be set together with ZUORA_CLIENT_SECRET, or else ZUORA_TOKEN; not sent"
    );
    let profile = Config::from_profile("[b]\nclient_secret = hunter2", "b").unwrap_err().to_string();
    assert_eq!(
        profile,
        "`[b] data_center`: must be set, or else [b] base_url; [b] client_id must be set together with \
         [b] client_secret; not sent"
    );
}

/// A value that continues on the next line can look like a section.
#[test]
fn the_names_of_other_profiles_are_listed_without_what_may_be_a_secret() {
    let text = "[test]\nclient_secret =\n[aHVudGVyMi1odW50ZXIyLWh1bnRlcjItaHVudGVyMg]\n[x=hunter2]\n[eu prod]\n[a/b+]\n";
    let error = Config::from_profile(text, "staging").unwrap_err();
    assert_eq!(
        error.to_string(),
        "`[staging]`: must be a profile of the file, which has: test, eu prod; not sent"
    );
}

#[test]
fn a_profile_is_read_from_its_section_only() {
    let text = format!(
        "\u{feff}# tenants\r\n\n[other]\nnot a setting\n[ test ]\r\n  data_center = eu  \r\n; a comment\n\
         client_id=\"{ID}\"\nclient_secret = \"a = b # c ; d\"\n[last]\ntoken = x\n"
    );
    let read = Config::from_profile(&text, "test").unwrap();
    assert_eq!(format!("{read:?}"), format!("{:?}", Config::new(DataCenter::Eu, ID, SECRET)));
    // The debug output contains no secret, so a session proves that the quoted secret was read as it is.
    Session::new(&read, &Seed::from_bytes([1; 32])).unwrap();
}

#[test]
fn both_kinds_of_quotes_of_toml_are_dropped() {
    let text = "[test]\nbase_url = 'https://rest.zuora.com'\ntoken = 'a\"b\\c'\ntrack_id = \"nightly\"\n";
    let read = Config::from_profile(text, "test").unwrap();
    let client = zuora_core::Client::with_transport(
        &read,
        zuora_core::testing::FakeTransport::new(|request| {
            assert_eq!(request.headers()["authorization"], "Bearer a\"b\\c");
            assert_eq!(request.headers()["zuora-track-id"], "nightly");
            Ok(zuora_core::testing::FakeTransport::json(200, r#"{"success":true}"#))
        }),
    );
    client.unwrap().raw(zuora_core::http::Method::GET, "/v1/x", None).unwrap();
}

#[test]
fn an_error_of_a_profile_names_the_setting_or_line_and_contains_no_text_of_it() {
    let cases = [
        ("[a]\ntoken = x", "[b]"),
        ("", "[b]"),
        ("token = x", "[b]"),
        ("[b]\n[b]", "[b]"),
        ("[b]\nhunter2", "[b] line 2"),
        ("[b]\n\nhunter2=", "[b] line 3"),
        ("[b]\nread_onyl = hunter2", "[b] line 2"),
        ("[b]\ntoken = x\ntoken = hunter2", "[b] token"),
        ("[b]\ntoken = \"hunter2", "[b] token"),
        ("[b]\ntoken = \"hunter2\" # old", "[b] token"),
        ("[b]\ntoken = \"hunter\\t2\"", "[b] token"),
        ("[b]\ntoken = 'hunter2", "[b] token"),
        ("[b]\ntoken = 'hunter2' # old", "[b] token"),
        ("[b]\ntoken = '", "[b] token"),
        ("[b]\ndata_center = eu\nclient_id = hunter2\nclient_secret = hunter2", "[b] client_id"),
        ("[b]\ntoken = hunter2", "[b] data_center"),
    ];
    for (text, place) in cases {
        let error = Config::from_profile(text, "b").unwrap_err();
        assert_eq!((error.kind(), error.field()), (ErrorKind::Build, Some(place)), "{text:?}: {error}");
        assert!(!format!("{error:#} {error:?}").contains("hunter"), "{error}");
    }
}

/// Both adapters read the variables of their process. A variable cannot be set safely in a process with threads, so the
/// test starts itself again.
#[test]
fn the_adapters_read_the_environment() {
    let name = "settings::the_adapters_read_the_environment";
    if std::env::var_os("ZUORA_TRACK_ID").is_some_and(|id| id == "child") {
        let written = format!("{:?}", Config::with_token(DataCenter::Eu, "t").track_id("child"));
        assert_eq!(format!("{:?}", zuora_ureq::config_from_env().unwrap()), written);
        assert_eq!(format!("{:?}", zuora_reqwest::config_from_env().unwrap()), written);
        return;
    }
    let variables = [("ZUORA_DATA_CENTER", "eu"), ("ZUORA_TOKEN", "t"), ("ZUORA_TRACK_ID", "child")];
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    let output = child.args(["--exact", name]).env_clear().envs(variables).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"), "the test ran in the child");
}
