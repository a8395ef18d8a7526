//! Reasons for which the edge itself refuses, each with its code, HTTP status and words in both languages.
use mesh::Code;

/// Language of titles and of the edge's own details.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Language {
    Chinese,
    English,
}

impl Language {
    /// By the highest weight in Accept-Language; Chinese when nothing of ours is asked for, as the city speaks it.
    pub(crate) fn of(header: Option<&http::HeaderValue>) -> Self {
        let Some(text) = header.and_then(|value| value.to_str().ok()) else {
            return Self::Chinese;
        };
        let mut best = (Self::Chinese, 0.0_f32);
        for item in text.split(',') {
            let mut parts = item.split(';');
            let tag = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
            let weight = parts.find_map(|p| p.trim().strip_prefix("q=")?.parse().ok()).unwrap_or(1.0);
            let language = match tag.split('-').next() {
                Some("en") => Self::English,
                Some("zh") => Self::Chinese,
                Some(_) | None => continue,
            };
            if weight > best.1 {
                best = (language, weight);
            }
        }
        best.0
    }

    pub(crate) fn pick(self, chinese: &'static str, english: &'static str) -> &'static str {
        match self {
            Self::Chinese => chinese,
            Self::English => english,
        }
    }
}

/// Title of a code.
pub(crate) const fn title(code: Code, language: Language) -> &'static str {
    match language {
        Language::Chinese => code.title_zh(),
        Language::English => code.title_en(),
    }
}

/// What a client should make of a code, for the reference page.
pub(crate) fn explanation(code: Code, language: Language) -> &'static str {
    match code {
        Code::Invalid => language.pick(
            "无论现状如何，请求本身有误。改正后再发。",
            "Wrong whatever the state. Mend the request, then send it again.",
        ),
        Code::Unauthenticated => {
            language.pick("没有令牌，或令牌无效、过期。", "No token, or one that is invalid or expired.")
        }
        Code::Denied => language.pick("您可以知道此事，但不能这样办。", "You may know of it, but not do this."),
        Code::NotFound => language.pick("不存在，或您无权知道。", "It is not there, or you may not know of it."),
        Code::Conflict => language
            .pick("etag 已旧，或同一编号配了不同内容。", "A stale etag, or a number used again with other content."),
        Code::Refused => {
            language.pick("规则在此状态下不允许，reason 说明原因。", "The rules refuse in this state; reason says why.")
        }
        Code::Exhausted => {
            language.pick("超过限额，按 Retry-After 再试。", "Over a limit; try again after Retry-After.")
        }
        Code::Unavailable => language.pick("稍后用同一 requestId 再试。", "Try again later with the same requestId."),
        Code::Internal => language.pick("请把 traceId 告诉运维人员。", "Give the traceId to the operator."),
    }
}

/// Declares the reasons once: name, wire text, code, HTTP status, Chinese, English.
macro_rules! reasons {
    ($($name:ident $wire:literal $code:ident $status:literal $chinese:literal $english:literal;)*) => {
        /// Why the edge refused. Stable: clients match on it.
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        pub(crate) enum Reason { $($name),* }

        impl Reason {
            pub(crate) const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $wire),* }
            }
            pub(crate) const fn code(self) -> Code {
                match self { $(Self::$name => Code::$code),* }
            }
            pub(crate) const fn status(self) -> u16 {
                match self { $(Self::$name => $status),* }
            }
            pub(crate) fn text(self, language: Language) -> &'static str {
                match self { $(Self::$name => language.pick($chinese, $english)),* }
            }
            pub(crate) const ALL: &'static [Self] = &[$(Self::$name),*];
        }
    };
}

reasons! {
    JsonMalformed "JSON_MALFORMED" Invalid 400 "正文不是合法的 JSON" "the body is not JSON";
    Utf8Invalid "UTF8_INVALID" Invalid 400 "不是合法的 UTF-8" "not valid UTF-8";
    UnknownField "UNKNOWN_FIELD" Invalid 400 "没有这个字段" "there is no such field";
    DuplicateKey "DUPLICATE_KEY" Invalid 400 "字段重复" "given more than once";
    TypeMismatch "TYPE_MISMATCH" Invalid 400 "类型或取值范围不符" "of the wrong type or out of range";
    EnumUnknown "ENUM_UNKNOWN" Invalid 400 "没有这个枚举值" "not a value of this enum";
    OneofConflict "ONEOF_CONFLICT" Invalid 400 "几个字段只能给一个" "only one of several fields may be given";
    FieldInPath "FIELD_IN_PATH" Invalid 400 "此字段由路径给出" "this field is given by the path";
    BodyUnexpected "BODY_UNEXPECTED" Invalid 400 "此请求不带正文" "this request takes no body";
    BodyTooLarge "BODY_TOO_LARGE" Invalid 413 "正文过大" "the body is too large";
    BodyIncomplete "BODY_INCOMPLETE" Invalid 400 "正文没有发完" "the body ended early";
    BodySlow "BODY_SLOW" Invalid 400 "正文发送超时" "the body did not arrive in time";
    HeadersTooLarge "HEADERS_TOO_LARGE" Invalid 400 "请求行和头部过大" "request line and headers are too large";
    ContentTypeUnsupported "CONTENT_TYPE_UNSUPPORTED" Invalid 415 "只收 application/json（UTF-8，不压缩）" "only application/json in UTF-8, not compressed";
    MethodNotAllowed "METHOD_NOT_ALLOWED" Invalid 405 "此地址不支持该方法" "this address does not take that method";
    RouteUnknown "ROUTE_UNKNOWN" NotFound 404 "没有这个地址" "there is no such address";
    TooManyRequests "TOO_MANY_REQUESTS" Exhausted 429 "同时处理的请求过多" "too many requests at work";
    TooManyStreams "TOO_MANY_STREAMS" Exhausted 429 "打开的事件流过多" "too many event streams open";
    StreamTooSlow "STREAM_TOO_SLOW" Exhausted 429 "读取太慢，请从 Last-Event-ID 续读" "reading too slowly, resume by Last-Event-ID";
    Draining "DRAINING" Unavailable 503 "正在停机，请重试" "shutting down, try again";
    Internal "INTERNAL" Internal 500 "内部错误" "internal error";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn language_follows_the_highest_weight() {
        let of = |text: &'static str| Language::of(Some(&http::HeaderValue::from_static(text)));
        assert_eq!(of("en"), Language::English);
        assert_eq!(of("zh-CN,en;q=0.8"), Language::Chinese);
        assert_eq!(of("zh;q=0.2, en-GB;q=0.9"), Language::English);
        assert_eq!(of("fr, de"), Language::Chinese);
        assert_eq!(Language::of(None), Language::Chinese);
    }

    #[test]
    fn status_of_a_reason_is_the_codes_unless_http_has_its_own() {
        for reason in Reason::ALL {
            let own = [405, 413, 415].contains(&reason.status());
            assert!(own || reason.status() == reason.code().http(), "{}", reason.as_str());
        }
    }
}
