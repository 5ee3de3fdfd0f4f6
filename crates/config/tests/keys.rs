//! Every key of the configuration can be set and arrives in the configuration that is used.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use seawall_config::{Loader, fingerprint_text};

/// A file with an entry in every list.
const LISTS: &str = "instruments:
  - name: BTC/USDT
    margin_tiers:
      - {notional_below: 1000, maintenance_pct: 0.5, leverage_max: 50}
      - {maintenance_pct: 1, leverage_max: 20}
risk:
  clusters:
    - name: majors
      instruments: [BTC/USDT]
";

/// Each key, a value that is not its default, and what else that value needs.
const KEYS: &[(&str, &str, &[&str])] = &[
    ("config.priority", "environment_first", &[]),
    ("strategy.name", "smc", &[]),
    ("strategy.ema_cross.fast", "21", &[]),
    ("strategy.ema_cross.slow", "51", &[]),
    ("strategy.ema_cross.long_only", "false", &[]),
    ("strategy.ema_cross.stop_pct", "2.5", &[]),
    ("strategy.ema_cross.target_pct", "7.5", &[]),
    ("strategy.ema_cross.qty", "0.25", &[]),
    ("strategy.ema_cross.sizing", "risk", &["strategy.ema_cross.stop_pct=2"]),
    ("strategy.ema_cross.timeframe", "4h", &[]),
    ("strategy.smc.evaluate_timeframe", "15m", &[]),
    ("strategy.smc.ema_period", "201", &[]),
    ("strategy.smc.ema_neutral_zone_bps", "11", &[]),
    ("strategy.smc.adx_period", "15", &[]),
    ("strategy.smc.adx_threshold", "26", &[]),
    ("strategy.smc.atr_period", "15", &[]),
    ("strategy.smc.orderblock_lookback", "51", &[]),
    ("strategy.smc.fvg_min_size_pct", "0.08", &[]),
    ("strategy.smc.order_block", "false", &[]),
    ("strategy.smc.fair_value_gap", "false", &[]),
    ("strategy.smc.break_of_structure", "false", &[]),
    ("strategy.smc.trend", "false", &[]),
    ("strategy.smc.require_bos_confirmation", "true", &[]),
    ("strategy.smc.tight_smc_atr_stop_min", "0.16", &[]),
    ("strategy.smc.tight_smc_atr_stop_max", "0.31", &[]),
    ("strategy.smc.wide_structure_atr_stop_min", "0.51", &[]),
    ("strategy.smc.wide_structure_atr_stop_max", "0.61", &[]),
    ("strategy.smc.stop_distance_min_pct", "0.2", &[]),
    ("strategy.smc.stop_distance_max_pct", "21", &[]),
    ("strategy.smc.tight_smc_min_rr_multiple", "2.1", &[]),
    ("strategy.smc.wide_structure_min_rr_multiple", "1.6", &[]),
    ("strategy.smc.fib_proximity_bps", "61", &[]),
    ("strategy.smc.fibonacci_gate", "false", &[]),
    ("strategy.smc.premium_discount_gate", "false", &[]),
    ("strategy.smc.higher_tf_mode", "hard", &[]),
    ("strategy.smc.higher_tf_weekly_weight", "0.26", &[]),
    ("strategy.smc.higher_tf_daily_weight", "0.16", &[]),
    ("strategy.smc.higher_tf_penalty", "19", &[]),
    ("strategy.smc.min_score_tight_smc_aligned", "66", &[]),
    ("strategy.smc.min_score_tight_smc_neutral", "76", &[]),
    ("strategy.smc.min_score_wide_structure_aligned", "61", &[]),
    ("strategy.smc.min_score_wide_structure_neutral", "71", &[]),
    ("strategy.smc.entry_expires_hours", "5", &[]),
    ("strategy.smc.entry_zone_tolerance_pct", "1.6", &[]),
    ("strategy.smc.entry_zone_tolerance_atr", "0.4", &[]),
    ("strategy.smc.entry_zone_tolerance_max_pct", "6", &[]),
    ("strategy.smc.structure_dedupe_minutes", "46", &[]),
    ("strategy.smc.consumed_structure_pause_hours", "201", &[]),
    ("risk.sizing", "volatility", &[]),
    ("risk.risk_per_trade_pct", "0.5", &[]),
    ("risk.target_leverage", "4", &[]),
    ("risk.kelly_win_pct", "60", &[]),
    ("risk.kelly_payoff", "1.5", &[]),
    ("risk.kelly_fraction_max_pct", "20", &[]),
    ("risk.volatility_high_ratio", "2", &[]),
    ("risk.volatility_low_ratio", "0.4", &[]),
    ("risk.volatility_high_cut_pct", "40", &[]),
    ("risk.volatility_low_boost_pct", "10", &[]),
    ("risk.trade_loss_max", "250.5", &[]),
    ("risk.trade_loss_max_pct", "1.5", &[]),
    ("risk.instrument_notional_max", "2", &[]),
    ("risk.position_margin_max_pct", "20", &[]),
    ("risk.cluster_notional_max", "4", &[]),
    ("risk.leverage_max", "3", &[]),
    ("risk.margin_use_max_pct", "70", &[]),
    ("risk.positions_max", "7", &[]),
    ("risk.liquidation_buffer_pct", "2", &[]),
    ("risk.recover_candles_after_hole", "3", &[]),
    ("risk.daily_loss_max_pct", "4", &[]),
    ("risk.weekly_loss_max_pct", "9", &[]),
    ("risk.states.drawdown_cautious_pct", "8", &[]),
    ("risk.states.drawdown_reduce_only_pct", "14", &[]),
    ("risk.states.drawdown_protect_only_pct", "20", &[]),
    ("risk.states.drawdown_flatten_pct", "30", &[]),
    ("risk.states.margin_use_cautious_pct", "84", &[]),
    ("risk.states.margin_use_reduce_only_pct", "90", &[]),
    ("risk.states.margin_use_protect_only_pct", "95", &[]),
    ("risk.states.margin_use_flatten_pct", "98", &[]),
    ("risk.states.positions_cautious", "20", &[]),
    ("risk.states.positions_reduce_only", "30", &[]),
    ("risk.loss_streak.loss_min_bps", "15", &[]),
    ("risk.loss_streak.tight_smc_losses", "4", &[]),
    ("risk.loss_streak.tight_smc_pause_minutes", "60", &[]),
    ("risk.loss_streak.wide_structure_losses", "6", &[]),
    ("risk.loss_streak.wide_structure_pause_minutes", "45", &[]),
    ("risk.loss_streak.other_losses", "5", &[]),
    ("risk.loss_streak.other_pause_minutes", "30", &[]),
    ("risk.cooldown.after_win_minutes", "10", &[]),
    ("risk.cooldown.after_loss_minutes", "90", &[]),
    ("risk.cooldown.symbol_losses", "4", &[]),
    ("risk.cooldown.symbol_lookback_hours", "48", &[]),
    ("risk.cooldown.symbol_loss_min_pct", "0.8", &[]),
    ("risk.cooldown.symbol_pause_hours", "6", &[]),
    ("risk.fee_edge.multiple", "4", &[]),
    ("risk.fee_edge.taker_fee_bps", "6", &[]),
    ("risk.fee_edge.slippage_bps", "3", &[]),
    ("risk.fee_edge.funding_daily_bps", "12", &[]),
    ("risk.fee_edge.funding_floor_bps", "1", &[]),
    ("risk.fee_edge.buffer", "1.1", &[]),
    ("risk.fee_edge.tight_smc_hold_hours", "8", &[]),
    ("risk.fee_edge.wide_structure_hold_hours", "48", &[]),
    ("risk.fee_edge.other_hold_hours", "12", &[]),
    ("risk.shock.move_pct", "4", &[]),
    ("risk.shock.basis_pct", "2", &[]),
    ("risk.shock.window_s", "90", &[]),
    ("risk.shock.bases_min", "4", &[]),
    ("risk.shock.pause_minutes", "20", &[]),
    ("risk.shock.trim_buffer_pct", "20", &[]),
    ("risk.shock.close_buffer_pct", "8", &[]),
    ("risk.clusters[0].name", "layer_one", &[]),
    ("risk.clusters[0].instruments[0]", "ETH/USDT", &[]),
    ("protection.confirm_deadline_ms", "2500", &[]),
    ("protection.trigger_grace_ms", "5500", &[]),
    ("protection.emergency_retry_ms", "2500", &[]),
    ("protection.prove_interval_s", "31", &[]),
    ("protection.submit_deadline_ms", "5500", &[]),
    ("protection.takeover_stop_pct", "2.5", &[]),
    ("execution.entries_enabled", "false", &[]),
    ("execution.partials_enabled", "false", &[]),
    ("execution.reversals_enabled", "false", &[]),
    ("execution.entry_order", "limit_ioc", &[]),
    ("execution.slippage_tolerance_pct", "0.2", &[]),
    ("execution.order_price_invalidation_pct", "4", &[]),
    ("execution.basis_max_pct", "0.5", &[]),
    ("execution.basis_max_post_pct", "1", &[]),
    ("execution.signal_age_max_s", "45", &[]),
    ("multi_tp.enabled", "false", &[]),
    ("multi_tp.tp1_r", "1.1", &[]),
    ("multi_tp.tp2_r", "2.6", &[]),
    ("multi_tp.final_r", "3.5", &[]),
    ("multi_tp.tight_smc_tp1_close_pct", "45", &[]),
    ("multi_tp.tight_smc_tp2_close_pct", "35", &[]),
    ("multi_tp.wide_structure_tp1_close_pct", "40", &[]),
    ("multi_tp.wide_structure_tp2_close_pct", "30", &[]),
    ("multi_tp.final_target", "close_full", &[]),
    ("multi_tp.final_trail_atr", "1.1", &[]),
    ("multi_tp.final_close_pct", "60", &[]),
    ("multi_tp.backfill_cooldown_s", "300", &[]),
    ("management.break_even", "false", &[]),
    ("management.break_even_offset_ticks", "3", &[]),
    ("management.break_even_filled_min_pct", "25", &[]),
    ("management.trailing", "false", &[]),
    ("management.trailing_atr", "2", &[]),
    ("management.trailing_activation_atr", "0.5", &[]),
    ("management.trailing_step_min_pct", "0.2", &[]),
    ("management.progressive_1_r", "2.5", &[]),
    ("management.progressive_1_atr", "1.7", &[]),
    ("management.progressive_2_r", "6", &[]),
    ("management.progressive_2_atr", "1.3", &[]),
    ("management.progressive_3_r", "9", &[]),
    ("management.progressive_3_atr", "0.9", &[]),
    ("management.premise_exit", "false", &[]),
    ("management.abandon_ship", "false", &[]),
    ("management.time_exit_bars", "40", &[]),
    ("management.time_exit_timeframe", "1h", &[]),
    ("auction.collect_ms", "250", &[]),
    ("decisions.shadow_outcomes", "false", &[]),
    ("decisions.shadow_entry_hours_max", "8", &[]),
    ("decisions.shadow_hours_max", "24", &[]),
    ("decisions.stale_check_minutes", "15", &[]),
    ("decisions.stale_after_periods", "3", &[]),
    ("auction.churn.mode", "off", &[]),
    ("auction.churn.hold_minutes_max", "50", &[]),
    ("auction.churn.reopen_minutes_max", "100", &[]),
    ("auction.churn.window_hours", "5", &[]),
    ("auction.churn.events_min", "3", &[]),
    ("auction.churn.tier_1_minutes", "20", &[]),
    ("auction.churn.tier_2_minutes", "90", &[]),
    ("auction.churn.tier_3_minutes", "300", &[]),
    ("auction.chop.mode", "shadow", &[]),
    ("auction.chop.adx_below", "17", &[]),
    ("auction.chop.score_spread_below", "5.5", &[]),
    ("auction.chop.window_hours", "10", &[]),
    ("auction.chop.hold_minutes_max", "50", &[]),
    ("auction.chop.reopen_minutes_max", "100", &[]),
    ("auction.chop.reversals_min", "3", &[]),
    ("auction.chop.instruments_pct", "40", &[]),
    ("auction.anti_flip.mode", "off", &[]),
    ("auction.anti_flip.minutes", "30", &[]),
    ("auction.rebalancer.mode", "on", &[]),
    ("auction.rebalancer.trigger_pct", "350", &[]),
    ("auction.rebalancer.clear_pct", "200", &[]),
    ("auction.rebalancer.cycle_minutes", "5", &[]),
    ("auction.rebalancer.cooldown_cycles", "3", &[]),
    ("auction.rebalancer.reductions_per_cycle", "2", &[]),
    ("auction.rebalancer.margin_per_cycle_max_pct", "20", &[]),
    ("simulator.taker_fee_bps", "5.5", &[]),
    ("simulator.maker_fee_bps", "-0.5", &[]),
    ("simulator.slippage_bps", "2.5", &[]),
    ("simulator.spread_bps", "1.5", &[]),
    ("simulator.latency_ms", "150", &[]),
    ("simulator.funding", "off", &[]),
    ("simulator.funding_rate_bps", "1.5", &[]),
    ("simulator.margin_mode", "isolated", &[]),
    ("simulator.leverage", "3", &[]),
    ("simulator.volume_limit_pct", "10", &[]),
    ("simulator.limit_fill", "through", &[]),
    ("backtest.initial_equity", "12345.67", &[]),
    ("backtest.equity_interval", "15m", &[]),
    ("backtest.seed", "18446744073709551615", &[]),
    ("demo.seed", "7", &[]),
    ("demo.speed", "120", &[]),
    ("demo.instruments", "3", &[]),
    ("demo.initial_equity", "500.5", &[]),
    ("data.dir", "elsewhere", &[]),
    ("data.journal_segment_mb", "16", &[]),
    ("instruments[0].name", "kraken-futures:ETH/USD:USD", &[]),
    ("instruments[0].kind", "spot", &["instruments[0].leverage_max=1"]),
    ("instruments[0].tick", "0.5", &[]),
    ("instruments[0].lot", "0.001", &[]),
    ("instruments[0].min_qty", "0.002", &[]),
    ("instruments[0].min_notional", "5", &[]),
    ("instruments[0].contract_size", "0.1", &[]),
    ("instruments[0].leverage_max", "25", &[]),
    ("instruments[0].margin_tiers[0].notional_below", "2000", &[]),
    ("instruments[0].margin_tiers[0].maintenance_pct", "0.6", &[]),
    ("instruments[0].margin_tiers[0].leverage_max", "40", &[]),
    ("instruments[0].taker_fee_bps", "4", &[]),
    ("instruments[0].maker_fee_bps", "-1", &[]),
    ("instruments[0].signal", "kraken:BTC/USD", &[]),
];

#[test]
fn every_key_can_be_set_and_read_back() {
    let before = Loader::new().file("lists.yaml", LISTS).load().unwrap();
    for &(key, value, with) in KEYS {
        let argument = format!("{key}={value}");
        let arguments = with.iter().copied().chain([argument.as_str()]);
        let loaded = match Loader::new().file("lists.yaml", LISTS).set(arguments).load() {
            Ok(loaded) => loaded,
            Err(error) => unreachable!("{error}"),
        };
        let explained = &loaded.explain(key).unwrap()[0];
        assert_eq!((explained.key.as_str(), explained.value.as_str()), (key, value));
        assert_eq!(explained.source.to_string(), format!("--set {key}"));
        assert_ne!(explained.default, value, "{key}: choose a value that is not the default");
        assert_ne!(
            fingerprint_text(&loaded.config),
            fingerprint_text(&before.config),
            "{key} changes nothing"
        );
    }
}

#[test]
fn the_list_of_keys_is_complete() {
    let of_defaults = Loader::new().load().unwrap().explain_all();
    let lists = ["instruments", "instruments[].margin_tiers", "risk.clusters", "risk.clusters[].instruments"];
    let known: BTreeSet<String> =
        of_defaults.into_iter().map(|entry| entry.key).filter(|key| !lists.contains(&key.as_str())).collect();
    let tested: BTreeSet<String> = KEYS.iter().map(|(key, ..)| key.replace("[0]", "[]")).collect();
    assert_eq!(tested.symmetric_difference(&known).collect::<Vec<_>>(), Vec::<&String>::new());
}

#[test]
fn a_limit_is_switched_off_by_off_none_and_null() {
    for word in ["off", "none", "null", "~"] {
        let text =
            format!("risk: {{daily_loss_max_pct: {word}, states: {{drawdown_reduce_only_pct: {word}}}}}");
        let config = Loader::new().file("off.yaml", text).load().unwrap().config;
        assert_eq!(config.risk.daily_loss_max_pct, None, "{word}");
        assert_eq!(config.risk.states.drawdown_reduce_only_pct, None, "{word}");
    }
    let quoted = Loader::new().file("off.yaml", "risk: {daily_loss_max_pct: \"off\"}").load();
    assert!(quoted.is_err(), "a quoted word is text");
}
