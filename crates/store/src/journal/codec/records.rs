//! The numbers of the journal's own records: schema 1.

use minicbor::Decoder;

use super::{Out, Put, Taken, Wire, array_length, expect_length, one, unknown, wire_codes, wire_struct};
use crate::journal::record::{
    CarryPart, CarryPiece, Checkpoint, Digest, End, EndReason, Header, InstrumentEntry, OperatorNote, RunMode,
};

wire_codes!(RunMode { 0 = Backtest, 1 = Paper, 2 = Live, 3 = Storm });

wire_codes!(EndReason { 0 = Finished, 1 = Stopped, 2 = Failed });

wire_codes!(CarryPart { 0 = Whole, 1 = Begin, 2 = Change, 3 = Complete });

wire_struct!(CarryPiece { part, text });

wire_struct!(OperatorNote { who, command, why });

wire_struct!(Header { mode, seed, config_hash, engine_version, started_at });

wire_struct!(Checkpoint { digest, inputs });

wire_struct!(End { fingerprint, digest, reason, detail });

wire_struct!(InstrumentEntry { name, price_scale, qty_scale });

impl Wire for Digest {
    fn put(&self, out: &mut Out<'_>) -> Put {
        self.0.put(out)
    }

    fn take(input: &mut Decoder<'_>) -> Taken<Self> {
        Wire::take(input).map(Digest)
    }
}
