//! Venue by venue: no book is ever wrong while it says `live`, whatever breaks.

use super::binance::{COINM, SPOT, USDM};
use super::bitfinex::Bitfinex;
use super::bitget;
use super::bitmex::BitMex;
use super::bitstamp::Bitstamp;
use super::coinbase::Coinbase;
use super::courses::{
    apart, bad_snapshots, no_frames, numbered_by_rest, panicked, refused_by_the_log,
    replaced_in_time, seen_by_the_connection_alone, seen_by_the_connection_and_rest,
    seen_on_the_socket, told_by_a_change,
};
use super::deribit::Deribit;
use super::faults::{FAILED, GAP, REPLACED};
use super::gateio::GateIo;
use super::gemini::Gemini;
use super::hitbtc::{BEQUANT, HITBTC};
use super::kraken::Kraken;
use super::kucoin::KuCoin;
use super::okx::{OKCOIN, OKX};
use super::phemex::Phemex;

#[tokio::test]
async fn binances_spot_book_is_never_wrong_while_it_says_live() {
    numbered_by_rest(SPOT, "BTCUSDT").await;
}

#[tokio::test]
async fn binances_futures_books_are_never_wrong_while_they_say_live() {
    numbered_by_rest(USDM, "SUSHIUSDT").await;
}

#[tokio::test]
async fn binances_coin_margined_books_are_never_wrong_while_they_say_live() {
    numbered_by_rest(COINM, "SUSHIUSD_PERP").await;
}

#[tokio::test]
async fn krakens_books_are_never_wrong_while_they_say_live() {
    seen_on_the_socket(Kraken, "XMR/USD", FAILED).await;
}

#[tokio::test]
async fn okxs_book_of_checksums_is_never_wrong_while_it_says_live() {
    seen_on_the_socket(OKX, "BTC-USDT", FAILED).await;
}

#[tokio::test]
async fn okcoins_book_of_numbers_is_never_wrong_while_it_says_live() {
    seen_on_the_socket(OKCOIN, "BTC-USDT", GAP).await;
}

#[tokio::test]
async fn bitgets_books_are_never_wrong_while_they_say_live() {
    seen_on_the_socket(bitget::SPOT, "AVAXUSDT", GAP).await;
}

#[tokio::test]
async fn books_of_bitgets_futures_are_never_wrong_while_they_say_live() {
    seen_on_the_socket(bitget::FUTURES, "AVAXUSDT_UMCBL", GAP).await;
}

#[tokio::test]
async fn kucoins_books_are_never_wrong_while_they_say_live() {
    seen_on_the_socket(KuCoin, "SNX-BTC", GAP).await;
}

#[tokio::test]
async fn hitbtcs_books_are_never_wrong_while_they_say_live() {
    seen_on_the_socket(HITBTC, "VETBTC", GAP).await;
}

#[tokio::test]
async fn bequants_books_are_never_wrong_while_they_say_live() {
    seen_on_the_socket(BEQUANT, "GRTBTC", GAP).await;
}

#[tokio::test]
async fn phemexs_books_are_never_wrong_while_they_say_live() {
    // A number only grows from one change to the next, by how much nobody says.
    seen_by_the_connection_alone(Phemex, "XTZUSD").await;
}

#[tokio::test]
async fn coinbases_books_are_never_wrong_while_they_say_live() {
    // The messages of a connection are numbered: one that is missing may be of any book.
    seen_on_the_socket(Coinbase, "YFI-BTC", REPLACED).await;
}

#[tokio::test]
async fn deribits_books_are_never_wrong_while_they_say_live() {
    seen_on_the_socket(Deribit::default(), "BTC-24SEP21-8000-P", GAP).await;
}

#[tokio::test]
async fn bitfinexs_books_are_never_wrong_while_they_say_live() {
    // The messages of a connection are numbered: one that is missing may be of any book.
    seen_on_the_socket(Bitfinex, "tIOTETH", REPLACED).await;
}

#[tokio::test]
async fn gate_ios_books_are_never_wrong_while_they_say_live() {
    seen_on_the_socket(GateIo, "OMG_USDT", GAP).await;
}

#[tokio::test]
async fn bitmexs_books_are_never_wrong_while_they_say_live() {
    seen_by_the_connection_alone(BitMex, "XBTUSD").await;
}

#[tokio::test]
async fn bitstamps_books_are_never_wrong_while_they_say_live() {
    // A book's time is its number: by how much it grows nobody says.
    seen_by_the_connection_and_rest(Bitstamp, "batbtc").await;
}

#[tokio::test]
async fn geminis_books_are_never_wrong_while_they_say_live() {
    // Changes have no number.
    seen_by_the_connection_alone(Gemini, "FILUSD").await;
}

#[tokio::test]
async fn what_is_no_text_or_too_much_costs_its_connection_alone() {
    no_frames(OKX, "BTC-USDT").await;
}

#[tokio::test]
async fn one_connection_of_several_is_lost_alone() {
    apart(USDM, "SUSHIUSDT").await;
}

#[tokio::test]
async fn records_that_the_log_refuses_are_not_missed_in_silence() {
    refused_by_the_log(SPOT, "BTCUSDT").await;
}

#[tokio::test]
async fn a_snapshot_that_does_not_come_or_does_not_hold_is_asked_for_again() {
    bad_snapshots(OKX, "BTC-USDT").await;
}

#[tokio::test]
async fn numbers_that_begin_anew_lose_the_book_at_once() {
    told_by_a_change(OKCOIN, "BTC-USDT").await;
    told_by_a_change(bitget::SPOT, "EOSUSDT").await;
}

#[tokio::test]
async fn a_row_of_a_level_that_was_never_told_loses_the_book_at_once() {
    told_by_a_change(BitMex, "XBTUSD").await;
}

#[tokio::test]
async fn a_panic_costs_its_connection_which_says_so() {
    panicked(OKX, "BTC-USDT").await;
}

#[tokio::test]
async fn a_connection_is_replaced_before_its_time_is_over() {
    replaced_in_time(HITBTC, "VETBTC").await;
}
