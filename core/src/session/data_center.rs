//! Data centers and base URLs.

/// Base URL of a tenant: that of a [`DataCenter`], or any other as text.
///
/// A base URL is a scheme and a host, such as `https://rest.zuora.com`. A session does not start with a path, query or
/// fragment in it, or with `http` to a host that is neither a loopback address nor named by
/// [`Config::allow_http_to`](crate::Config::allow_http_to).
///
/// ```
/// use zuora_core::{DataCenter, Endpoint};
///
/// assert_eq!(Endpoint::from(DataCenter::Eu), Endpoint::from("https://rest.eu.zuora.com"));
/// ```
#[doc(alias = "base URL")]
#[doc(alias = "host")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint(pub(super) String);

impl From<DataCenter> for Endpoint {
    fn from(center: DataCenter) -> Self {
        Self(center.base_url().to_owned())
    }
}

impl From<&str> for Endpoint {
    fn from(url: &str) -> Self {
        Self(url.to_owned())
    }
}

impl From<String> for Endpoint {
    fn from(url: String) -> Self {
        Self(url)
    }
}

/// Data centers with a documented REST host.
#[doc(alias = "region")]
#[doc(alias = "sandbox")]
#[doc(alias = "environment")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DataCenter {
    /// US Cloud 1, production.
    UsCloud1,
    /// US Cloud 1, API sandbox.
    UsCloud1ApiSandbox,
    /// US Cloud 2, production.
    UsCloud2,
    /// US Cloud 2, API sandbox.
    UsCloud2ApiSandbox,
    /// US developer and central sandbox, and test drives.
    UsCentralSandbox,
    /// EU, production.
    Eu,
    /// EU, API sandbox.
    EuApiSandbox,
    /// EU developer and central sandbox.
    EuCentralSandbox,
    /// Asia-Pacific, production.
    Apac,
    /// Asia-Pacific developer and central sandbox.
    ApacCentralSandbox,
}

impl DataCenter {
    /// All data centers.
    pub const ALL: [Self; 10] = [
        Self::UsCloud1,
        Self::UsCloud1ApiSandbox,
        Self::UsCloud2,
        Self::UsCloud2ApiSandbox,
        Self::UsCentralSandbox,
        Self::Eu,
        Self::EuApiSandbox,
        Self::EuCentralSandbox,
        Self::Apac,
        Self::ApacCentralSandbox,
    ];

    /// Returns the base URL of the REST API.
    pub const fn base_url(self) -> &'static str {
        match self {
            Self::UsCloud1 => "https://rest.na.zuora.com",
            Self::UsCloud1ApiSandbox => "https://rest.sandbox.na.zuora.com",
            Self::UsCloud2 => "https://rest.zuora.com",
            Self::UsCloud2ApiSandbox => "https://rest.apisandbox.zuora.com",
            Self::UsCentralSandbox => "https://rest.test.zuora.com",
            Self::Eu => "https://rest.eu.zuora.com",
            Self::EuApiSandbox => "https://rest.sandbox.eu.zuora.com",
            Self::EuCentralSandbox => "https://rest.test.eu.zuora.com",
            Self::Apac => "https://rest.ap.zuora.com",
            Self::ApacCentralSandbox => "https://rest.test.ap.zuora.com",
        }
    }

    /// Returns the name of the data center in settings, such as `eu-api-sandbox`.
    ///
    /// [`Config::from_vars`](crate::Config::from_vars) reads the name.
    ///
    /// ```
    /// use zuora_core::DataCenter;
    ///
    /// assert_eq!(DataCenter::EuApiSandbox.name(), "eu-api-sandbox");
    /// let center = DataCenter::ALL.into_iter().find(|center| center.name() == "us-cloud-2");
    /// assert_eq!(center, Some(DataCenter::UsCloud2));
    /// ```
    pub const fn name(self) -> &'static str {
        match self {
            Self::UsCloud1 => "us-cloud-1",
            Self::UsCloud1ApiSandbox => "us-cloud-1-api-sandbox",
            Self::UsCloud2 => "us-cloud-2",
            Self::UsCloud2ApiSandbox => "us-cloud-2-api-sandbox",
            Self::UsCentralSandbox => "us-central-sandbox",
            Self::Eu => "eu",
            Self::EuApiSandbox => "eu-api-sandbox",
            Self::EuCentralSandbox => "eu-central-sandbox",
            Self::Apac => "apac",
            Self::ApacCentralSandbox => "apac-central-sandbox",
        }
    }
}
