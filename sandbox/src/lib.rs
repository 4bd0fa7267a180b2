//! Offline sandbox that plays the Zuora Billing service.
