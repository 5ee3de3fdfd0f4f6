//! Behaviour tests of the engine: one binary, one module a subject.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod account_events;
mod auction;
mod auction_places;
mod auction_settings;
mod by_hand;
mod carry;
mod common;
mod crash;
mod data_quality;
mod effects_account;
mod effects_sizing;
mod effects_trade;
mod explanations;
mod hostile;
mod incidents;
mod management;
mod orders;
mod outside;
mod overlays;
mod overlays_chop;
mod overlays_properties;
mod overlays_rebalance;
mod properties;
mod properties_risk;
mod protection;
mod quote_guard;
mod reconciliation;
mod risk;
mod risk_order;
mod risk_settings;
mod rules;
mod signal;
mod stale_peak;
mod startup;
mod switch;
mod targets;
mod told;
mod universe;
mod warm_up;
