//! The `Date` of a server's answers, handed up through the client, which has no place for it.

use async_trait::async_trait;
use http::header::DATE;
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpRequest, HttpResponse, HttpService, ReqwestConnector,
};

/// When the server answered, in milliseconds since 1970.
#[derive(Debug, Clone, Copy)]
pub(super) struct ServerDate(pub(super) i64);

/// Connects as usual, and notes the date of each answer among its extensions.
#[derive(Debug)]
pub(super) struct DateConnector;

impl HttpConnector for DateConnector {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let inner = ReqwestConnector::default().connect(options)?;
        Ok(HttpClient::new(Dated { inner }))
    }
}

#[derive(Debug)]
struct Dated {
    inner: HttpClient,
}

#[async_trait]
impl HttpService for Dated {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let mut response = self.inner.execute(request).await?;
        let date = response.headers().get(DATE).and_then(|date| date.to_str().ok());
        if let Some(date_ms) = date.and_then(parse) {
            response.extensions_mut().insert(ServerDate(date_ms));
        }
        Ok(response)
    }
}

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, section 5.6.7; servers send no other form) in milliseconds since 1970.
pub(super) fn parse(text: &str) -> Option<i64> {
    let (_, rest) = text.split_once(", ")?;
    let rest = rest.strip_suffix(" GMT")?;
    let parts: Vec<&str> = rest.split([' ', ':']).collect();
    let [day, month, year, hour, minute, second] = parts.as_slice() else {
        return None;
    };
    let month = MONTHS.iter().position(|name| name == month)? + 1;
    let number = |text: &str, most: i64| text.parse::<i64>().ok().filter(|number| (0..=most).contains(number));
    let days = days_since_1970(number(year, 9999)?, i64::try_from(month).ok()?, number(day, 31)?);
    let seconds = number(hour, 23)? * 3600 + number(minute, 59)? * 60 + number(second, 60)?;
    Some((days * 86_400 + seconds) * 1000)
}

/// Days of the Gregorian calendar, counted in years that begin in March, so that the leap day comes last.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    365 * year + leap_days + (153 * month + 2) / 5 + day - 1 - 719_468
}

#[cfg(test)]
mod tests;
