use super::*;

/// Written down once: another build must find the same.
#[test]
fn scores_stay() {
    let life = |position, index, nonce| Incarnation { position, index, nonce };
    assert_eq!(score(b"sequencer", &life(1, 0, 5)), 0x547b_e838_9788_005a);
    assert_eq!(score(b"sequencer", &life(2, 0, 5)), 0x85ef_9c94_d793_41f0);
    assert_eq!(score(b"", &life(0, 0, 0)), 0x667e_9cfb_ea1f_b56c);
}
