//! What an error of the SDK means: a reason of the closed list, and what mends it.

use std::error::Error;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use collector::Failure;
use collector::Reason;
use collector::transport::Secrets;
use collector::transport::no_connection;

use crate::client::Ask;
use crate::client::innermost;
use crate::client::xml::Broken;

/// The failure that an error of an operation is. `setting` names what holds the address.
pub(crate) fn of<E>(error: &SdkError<E, HttpResponse>, ask: &Ask<'_>, secrets: &Secrets, setting: &str) -> Failure
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let failure = |reason, why: String| Failure::new(reason, ask.doing.as_str(), why);
    let service = ask.action.split(':').next().unwrap_or_default();
    match error {
        // The SDK gives an answer that it cannot read as an error of the service.
        SdkError::ServiceError(answer) if answer.raw().status().is_success() => unreadable(ask, answer.raw()),
        SdkError::ServiceError(answer) => {
            let (status, code) = (answer.raw().status().as_u16(), answer.err().code());
            let words = secrets.clip(answer.err().message().unwrap_or_default());
            let named = code.map(|code| secrets.clip(code)).unwrap_or_else(|| status.to_string());
            let why = format!("AWS answered {named} {words}");
            let (reason, cure) = meaning(code, status, ask);
            failure(reason, why.trim_end().to_owned()).with_cure(cure)
        }
        SdkError::DispatchFailure(lost) => {
            let Some(lost) = lost.as_connector_error() else {
                return failure(Reason::Other, "the request could not be sent".to_owned());
            };
            if lost.is_user() || lost.is_timeout() {
                let reason = if lost.is_user() { Reason::BadReply } else { Reason::Unreachable };
                return failure(reason, secrets.clip(&innermost(lost)));
            }
            if let Some(broken) = lost.source().and_then(|source| source.downcast_ref::<Broken>()) {
                let cure = "Look for a login page or proxy between orgpulse and AWS";
                return failure(Reason::BadReply, broken.to_string()).with_cure(cure);
            }
            let host = format!("{service} in {}", ask.region);
            let (why, cure) = no_connection(lost, &host, setting, secrets);
            failure(Reason::Unreachable, why).with_cure(cure)
        }
        SdkError::TimeoutError(_) => failure(Reason::Unreachable, "no whole answer in time".to_owned()),
        SdkError::ResponseError(answer) => unreadable(ask, answer.raw()),
        other => failure(Reason::Other, secrets.clip(&innermost(other))),
    }
}

fn unreadable(ask: &Ask<'_>, answer: &HttpResponse) -> Failure {
    let why = format!("the answer ({}) is not what the API promises", answer.status().as_u16());
    let cure = "Look for a login page or proxy between orgpulse and AWS";
    Failure::new(Reason::BadReply, ask.doing.as_str(), why).with_cure(cure)
}

/// The reason that an error code stands for, and the cure. The codes are those of EC2's query API, of the JSON services
/// (`...Exception`), and of STS.
fn meaning(code: Option<&str>, status: u16, ask: &Ask<'_>) -> (Reason, String) {
    let Ask { action, region, .. } = ask;
    match code.unwrap_or_default() {
        "UnauthorizedOperation" | "AccessDenied" | "AccessDeniedException" | "UnauthorizedException" => {
            let cure = format!(
                "Allow {action} on the resource * in the IAM policy of the identity that orgpulse runs as, and look for a \
                 service control policy that denies it in {region}"
            );
            (Reason::Forbidden, cure)
        }
        "OptInRequired" | "OptInRequiredException" | "SubscriptionRequiredException" => {
            let cure = format!("Enable {region} for the account, or take it out of ec2.regions (EC2_REGIONS)");
            (Reason::Forbidden, cure)
        }
        "ExpiredToken" | "ExpiredTokenException" | "RequestExpired" => {
            (Reason::Unauthorized, "Renew the temporary credential, and check the clock of this machine".to_owned())
        }
        "AuthFailure"
        | "InvalidClientTokenId"
        | "UnrecognizedClientException"
        | "SignatureDoesNotMatch"
        | "InvalidSignatureException"
        | "IncompleteSignature"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "InvalidAccessKeyId" => {
            let cure = format!(
                "Check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or the role; if the credential works in \
                 other regions, {region} is not enabled for the account: enable it or take it out of ec2.regions"
            );
            (Reason::Unauthorized, cure)
        }
        "RequestLimitExceeded"
        | "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "TooManyRequestsException"
        | "EC2ThrottledException"
        | "BandwidthLimitExceeded"
        | "LimitExceeded"
        | "LimitExceededException" => {
            let cure =
                "Let orgpulse run less often, or look for what else asks AWS so often in this account and region";
            (Reason::RateLimited, cure.to_owned())
        }
        "InternalError"
        | "InternalFailure"
        | "InternalServiceFault"
        | "InternalErrorException"
        | "Unavailable"
        | "ServiceUnavailable" => (Reason::Unreachable, String::new()),
        _ if status == 429 => (Reason::RateLimited, "Let orgpulse run less often".to_owned()),
        _ if status >= 500 => (Reason::Unreachable, String::new()),
        _ if status == 401 => (Reason::Unauthorized, "Check the AWS credential".to_owned()),
        _ if status == 403 => (Reason::Forbidden, format!("Allow {action}")),
        _ if status == 404 => (Reason::NotFound, String::new()),
        _ => (Reason::Other, String::new()),
    }
}
