//! Settings of kinds of tenants.

use zuora_sandbox::{SettingError, Settings};

/// A named set of settings.
#[derive(Debug)]
pub(crate) struct Preset {
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    settings: &'static [(&'static str, &'static str)],
}

/// The presets. Several can be combined.
pub(crate) const PRESETS: &[Preset] = &[
    Preset {
        name: "production",
        description: "quotas of a production tenant or central sandbox",
        settings: &[],
    },
    Preset {
        name: "developer-sandbox",
        description: "quotas of a developer sandbox",
        settings: &[("quota", "12500,25000,50000")],
    },
    Preset {
        name: "api-sandbox",
        description: "quotas of an API sandbox",
        settings: &[("quota", "2500,5000,10000")],
    },
    Preset {
        name: "high-volume",
        description: "200 concurrent requests, and 200 batches",
        settings: &[("concurrency_limit", "200"), ("batches", "200")],
    },
    Preset {
        name: "counted",
        description: "the requests in progress count towards the concurrency limit",
        settings: &[("count_concurrency", "true")],
    },
    Preset {
        name: "basic",
        description: "without Invoice Settlement, Flexible Billing and multiple currencies",
        settings: &[
            ("invoice_settlement", "false"),
            ("flexible_billing", "false"),
            ("multiple_currencies", "false"),
        ],
    },
    Preset {
        name: "restricted",
        description: "a user without the permissions for write-offs and transferred invoices",
        settings: &[("enhanced_write_off", "false"), ("change_transferred", "false")],
    },
    Preset {
        name: "strict",
        description: "rejects what other tenants accept: a key with another body, excess decimals",
        settings: &[("reject_other_body", "true"), ("reject_excess_decimals", "true")],
    },
    Preset {
        name: "instant",
        description: "bill runs, jobs and PDFs take no time",
        settings: &[("processing", "0s"), ("job_step", "0s"), ("pdf_step", "0s")],
    },
];

impl Preset {
    pub(crate) fn find(name: &str) -> Result<&'static Self, String> {
        PRESETS.iter().find(|preset| preset.name == name).ok_or_else(|| {
            let names: Vec<&str> = PRESETS.iter().map(|preset| preset.name).collect();
            format!("no preset is named {name:?}; use one of {}", names.join(", "))
        })
    }

    pub(crate) fn apply(&self, settings: &mut Settings) -> Result<(), SettingError> {
        self.settings.iter().try_for_each(|(name, value)| settings.set(name, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_can_be_applied() {
        for preset in PRESETS {
            preset.apply(&mut Settings::default()).unwrap();
        }
        let mut settings = Settings::default();
        Preset::find("basic").unwrap().apply(&mut settings).unwrap();
        assert!(!settings.invoice_settlement && !settings.flexible_billing);
    }
}
