//! Bases that are money themselves. They do not move against the quote but by accident, and a strategy that
//! finds setups on them trades noise and fees: never entered, whatever the settings say.

use seawall_model::Currency;

/// Currencies of states, and coins that are pegged to one.
const MONEY: [&str; 37] = [
    "AEUR", "ARS", "AUD", "BRL", "BUSD", "CAD", "CHF", "CNY", "CZK", "DAI", "DKK", "EUR", "EURC", "EURR",
    "EURT", "FDUSD", "GBP", "GUSD", "HKD", "JPY", "KRW", "MXN", "NOK", "NZD", "PLN", "PYUSD", "RLUSD", "SEK",
    "SGD", "TRY", "TUSD", "USD", "USDC", "USDE", "USDG", "USDP", "USDT",
];

/// Whether `base` is money.
pub(crate) fn is_money(base: Currency) -> bool {
    MONEY.binary_search(&base.code()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_found_and_coins_are_not() {
        assert!(MONEY.is_sorted());
        assert!(MONEY.iter().all(|code| is_money(code.parse().unwrap())));
        assert!(["BTC", "ETH", "USUAL", "EURX"].iter().all(|code| !is_money(code.parse().unwrap())));
    }
}
