//! Requests as a hand-written loop sends them: the headers of the service, and no more.

use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use zuora_reqwest::reqwest;
use zuora_ureq::ureq::Agent;

/// The token of the benches.
pub const TOKEN: &str = "a-token-as-long-as-those-of-the-service-are";
/// The header with the token.
pub const BEARER: &str = "Bearer a-token-as-long-as-those-of-the-service-are";
/// The version of the API.
pub const VERSION: &str = "2024-05-20";

/// The timeout of a careful loop for one response.
pub const TIMEOUT: Duration = Duration::from_secs(130);

/// Gets a body over ureq.
///
/// # Errors
/// If the response does not arrive, or has more than 64 MiB.
pub fn get(agent: &Agent, url: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut response = agent
        .get(url)
        .header("Authorization", BEARER)
        .header("Zuora-Version", VERSION)
        .header("Accept-Encoding", "gzip")
        .call()?;
    Ok(response.body_mut().with_config().limit(64 << 20).read_to_vec()?)
}

/// Gets a body over reqwest.
pub async fn get_async(client: &reqwest::Client, url: &str) -> Option<Bytes> {
    let request = client
        .get(url)
        .header("Authorization", BEARER)
        .header("Zuora-Version", VERSION)
        .header("Accept-Encoding", "gzip");
    request.send().await.ok()?.bytes().await.ok()
}
