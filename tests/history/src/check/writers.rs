//! Who sent what was read: somebody, to this partition, before it was read, and not in vain.

use super::book::Book;
use super::names::NONE;
use crate::anomaly::Kind;
use crate::operation::Outcome;

/// Judges every value that was read.
pub(crate) fn judge(book: &mut Book) {
    let Book {
        keys,
        names,
        values,
        sends,
        found,
        ..
    } = book;
    for (value, number) in values.iter().zip(0..).filter(|(value, _)| value.is_read()) {
        let place = || format!("{} {}", keys.name(value.key), value.offset);
        if value.part == NONE {
            found.add(Kind::Phantom, &[value.reader], &[], || {
                format!("nobody sent {}, which is at {}", names.text(number), place())
            });
            continue;
        }
        let (target, sent) = (sends.parts[value.part as usize].key, sends.of_part(value.part));
        let lines = [sent.line, value.reader];
        let text = names.text(number);
        if !keys.fits(target, value.key) {
            found.add(Kind::Phantom, &lines, &[], || {
                format!("{text} was sent to {}, and is at {}", keys.name(target), place())
            });
        }
        if sent.invoked > value.read_at {
            found.add(Kind::FutureRead, &lines, &[], || {
                format!(
                    "{text} was read at {} by {}, and sent from {} on",
                    place(),
                    value.read_at,
                    sent.invoked
                )
            });
        }
        if sent.outcome == Outcome::Fail {
            found.add(Kind::AbortedRead, &lines, &[], || {
                format!("{text} failed certainly, and is at {}", place())
            });
        }
    }
}
