//! HTTP/1.1 as far as a proxy needs it to see where requests and answers begin and end. What passes is passed byte for
//! byte: signatures cover hosts and headers. HTTP/2 and TLS are bytes: they are mode tcp's.

mod body;
mod canned;
mod conversation;
mod copies;
mod exchange;
mod framing;
mod head;

pub(crate) use conversation::serve;
pub(crate) use head::Request;
