//! The nine codes and their one table to gRPC, HTTP, names and titles.

use std::fmt;

/// The nine kinds of failure (docs/errors.md says what each asks of whom).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// The request is wrong whatever the state.
    Invalid,
    /// No token, or a bad one.
    Unauthenticated,
    /// The caller may know of it, but not do this.
    Denied,
    /// It is not, or the caller may not know of it.
    NotFound,
    /// Stale etag, request id used with another body, channel number used with other content.
    Conflict,
    /// The rules refuse in this state.
    Refused,
    /// A limit of the caller's is used up.
    Exhausted,
    /// Try again.
    Unavailable,
    /// Ours; the caller learns the trace id and nothing else.
    Internal,
}

impl Code {
    /// Every code, in the order of the contract's table.
    pub const ALL: [Self; 9] = [
        Self::Invalid,
        Self::Unauthenticated,
        Self::Denied,
        Self::NotFound,
        Self::Conflict,
        Self::Refused,
        Self::Exhausted,
        Self::Unavailable,
        Self::Internal,
    ];

    /// The gRPC code. A fault for a passed deadline is `Unavailable` to us and DEADLINE_EXCEEDED on the wire.
    #[must_use]
    pub const fn grpc(self) -> tonic::Code {
        match self {
            Self::Invalid => tonic::Code::InvalidArgument,
            Self::Unauthenticated => tonic::Code::Unauthenticated,
            Self::Denied => tonic::Code::PermissionDenied,
            Self::NotFound => tonic::Code::NotFound,
            Self::Conflict => tonic::Code::Aborted,
            Self::Refused => tonic::Code::FailedPrecondition,
            Self::Exhausted => tonic::Code::ResourceExhausted,
            Self::Unavailable => tonic::Code::Unavailable,
            Self::Internal => tonic::Code::Internal,
        }
    }

    /// The same as the gRPC documents write it.
    #[must_use]
    pub const fn grpc_name(self) -> &'static str {
        match self {
            Self::Invalid => "INVALID_ARGUMENT",
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::Denied => "PERMISSION_DENIED",
            Self::NotFound => "NOT_FOUND",
            Self::Conflict => "ABORTED",
            Self::Refused => "FAILED_PRECONDITION",
            Self::Exhausted => "RESOURCE_EXHAUSTED",
            Self::Unavailable => "UNAVAILABLE",
            Self::Internal => "INTERNAL",
        }
    }

    /// The HTTP status.
    #[must_use]
    pub const fn http(self) -> u16 {
        match self {
            Self::Invalid => 400,
            Self::Unauthenticated => 401,
            Self::Denied => 403,
            Self::NotFound => 404,
            Self::Conflict => 409,
            Self::Refused => 422,
            Self::Exhausted => 429,
            Self::Unavailable => 503,
            Self::Internal => 500,
        }
    }

    /// The code of a status, whoever made it.
    #[must_use]
    pub const fn of(code: tonic::Code) -> Self {
        match code {
            tonic::Code::InvalidArgument | tonic::Code::OutOfRange => Self::Invalid,
            tonic::Code::Unauthenticated => Self::Unauthenticated,
            tonic::Code::PermissionDenied => Self::Denied,
            tonic::Code::NotFound | tonic::Code::Unimplemented => Self::NotFound,
            tonic::Code::Aborted | tonic::Code::AlreadyExists => Self::Conflict,
            tonic::Code::FailedPrecondition => Self::Refused,
            tonic::Code::ResourceExhausted => Self::Exhausted,
            tonic::Code::Unavailable | tonic::Code::DeadlineExceeded | tonic::Code::Cancelled => Self::Unavailable,
            tonic::Code::Ok | tonic::Code::Internal | tonic::Code::Unknown | tonic::Code::DataLoss => Self::Internal,
        }
    }

    /// Name in logs, metrics and problem types.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::Unauthenticated => "unauthenticated",
            Self::Denied => "denied",
            Self::NotFound => "not-found",
            Self::Conflict => "conflict",
            Self::Refused => "refused",
            Self::Exhausted => "exhausted",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
        }
    }

    /// Title of a problem in Chinese, which people read first here.
    #[must_use]
    pub const fn title_zh(self) -> &'static str {
        match self {
            Self::Invalid => "请求有误",
            Self::Unauthenticated => "身份未验证",
            Self::Denied => "无权操作",
            Self::NotFound => "未找到",
            Self::Conflict => "内容冲突",
            Self::Refused => "当前状态不允许",
            Self::Exhausted => "请求过于频繁",
            Self::Unavailable => "服务暂不可用，请稍后重试",
            Self::Internal => "系统内部错误",
        }
    }

    /// Title of a problem in English.
    #[must_use]
    pub const fn title_en(self) -> &'static str {
        match self {
            Self::Invalid => "The request is wrong",
            Self::Unauthenticated => "Not authenticated",
            Self::Denied => "Not permitted",
            Self::NotFound => "Not found",
            Self::Conflict => "Conflict",
            Self::Refused => "Refused in this state",
            Self::Exhausted => "Too many requests",
            Self::Unavailable => "Temporarily unavailable",
            Self::Internal => "Internal error",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
