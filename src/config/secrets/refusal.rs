//! What an error of Secrets Manager means: a reason of the closed list, and what mends it.

use std::error::Error;

use aws_sdk_secretsmanager::config::http::HttpResponse;
use aws_sdk_secretsmanager::error::ProvideErrorMetadata;
use aws_sdk_secretsmanager::error::SdkError;
use collector::Failure;
use collector::Reason;
use collector::transport::Secrets;
use collector::transport::no_connection;

/// A call, in words.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Completes "failed to ...".
    pub doing: &'a str,
    /// The action of Secrets Manager that it takes the right for.
    pub action: &'static str,
    /// Where it was asked.
    pub region: &'a str,
    /// What it was asked by: no answer is quoted with it.
    pub credential: &'a Secrets,
}

/// The failure that an error of the SDK is.
pub fn of_sdk<E>(error: &SdkError<E, HttpResponse>, asked: &Asked<'_>) -> Failure
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let failure = |reason, why: String| Failure::new(reason, asked.doing, why);
    match error {
        // The SDK gives an answer that it cannot read as an error of the service.
        SdkError::ServiceError(answer) if answer.raw().status().is_success() => unreadable(asked, answer.raw()),
        SdkError::ServiceError(answer) => {
            let status = answer.raw().status().as_u16();
            of_code(answer.err().code(), answer.err().message(), Some(status), asked)
        }
        SdkError::DispatchFailure(lost) => match lost.as_connector_error() {
            Some(lost) if !lost.is_user() && !lost.is_timeout() => {
                let host = format!("Secrets Manager in {}", asked.region);
                let (why, cure) = no_connection(lost, &host, "aws.region (AWS_REGION)", asked.credential);
                failure(Reason::Unreachable, why).with_cure(cure)
            }
            lost => failure(
                Reason::Unreachable,
                lost.map_or_else(|| "it was not sent".to_owned(), |lost| innermost(lost, asked)),
            ),
        },
        SdkError::TimeoutError(_) => failure(Reason::Unreachable, "no whole answer in time".to_owned()),
        SdkError::ResponseError(answer) => unreadable(asked, answer.raw()),
        other => failure(Reason::Other, innermost(other, asked)),
    }
}

/// An answer without a word of its text, which may hold the secret.
fn unreadable(asked: &Asked<'_>, answer: &HttpResponse) -> Failure {
    let why = format!("the answer ({}) is not what the API promises", answer.status().as_u16());
    Failure::new(Reason::BadReply, asked.doing, why)
        .with_cure("Look for a login page or proxy between orgpulse and AWS")
}

/// The failure that an error code stands for. `status` is that of the whole answer, unless the code is one secret's.
pub fn of_code(code: Option<&str>, message: Option<&str>, status: Option<u16>, asked: &Asked<'_>) -> Failure {
    let secrets = asked.credential;
    let message = message.unwrap_or_default();
    let named = code.map_or_else(|| status.unwrap_or_default().to_string(), |code| secrets.clip(code));
    let why = format!("AWS answered {named} {}", secrets.clip(message));
    let (reason, cure) = meaning(code.unwrap_or_default(), message, status.unwrap_or_default(), asked);
    Failure::new(reason, asked.doing, why.trim_end()).with_cure(cure)
}

fn meaning(code: &str, message: &str, status: u16, asked: &Asked<'_>) -> (Reason, String) {
    let words = message.to_lowercase();
    let Asked { action, region, .. } = asked;
    match code {
        "AccessDeniedException" | "AccessDenied" if words.contains("kms") => (Reason::Forbidden, decrypt()),
        "DecryptionFailure" | "DecryptionFailureException" => (Reason::Forbidden, decrypt()),
        "AccessDeniedException" | "AccessDenied" => (Reason::Forbidden, allow(action)),
        "ResourceNotFoundException" => {
            (Reason::NotFound, format!("Check its name, and whether it is in {region} (AWS_REGION) of this account"))
        }
        "InvalidRequestException" if words.contains("delet") => {
            (Reason::NotFound, "Restore it (`aws secretsmanager restore-secret`), or name another".to_owned())
        }
        "InvalidParameterException" | "ValidationException" => (Reason::Config, "Check its name".to_owned()),
        "ExpiredToken" | "ExpiredTokenException" | "RequestExpired" => {
            (Reason::Unauthorized, "Renew the temporary credential, and check the clock of this machine".to_owned())
        }
        "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "InvalidSignatureException"
        | "SignatureDoesNotMatch"
        | "IncompleteSignature"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException" => {
            let cure = "Check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or the role";
            (Reason::Unauthorized, cure.to_owned())
        }
        "ThrottlingException" | "Throttling" | "LimitExceededException" | "TooManyRequestsException" => {
            (Reason::RateLimited, "Look for what else reads secrets so often in this account and region".to_owned())
        }
        "InternalServiceError" | "InternalFailure" | "ServiceUnavailable" => (Reason::Unreachable, String::new()),
        _ if status == 429 => (Reason::RateLimited, String::new()),
        _ if status >= 500 => (Reason::Unreachable, String::new()),
        _ if status == 401 => (Reason::Unauthorized, "Check the AWS credential".to_owned()),
        _ if status == 403 => (Reason::Forbidden, allow(action)),
        _ => (Reason::Other, String::new()),
    }
}

fn allow(action: &str) -> String {
    format!("Allow secretsmanager:{action} in the IAM policy; `orgpulse doctor --iam-policy` prints it")
}

fn decrypt() -> String {
    "Allow kms:Decrypt on the key that encrypts it, in the key's policy and in the role's; the key must be enabled"
        .to_owned()
}

/// The last cause of an error: those around it only say that something failed.
fn innermost(error: &(dyn Error + 'static), asked: &Asked<'_>) -> String {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    asked.credential.clip(&inner.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(code: &str, message: &str, status: Option<u16>) -> Failure {
        let asked = Asked {
            doing: "read x from AWS Secrets Manager",
            action: "GetSecretValue",
            region: "eu-central-1",
            credential: &Secrets::default(),
        };
        of_code((!code.is_empty()).then_some(code), Some(message), status, &asked)
    }

    #[test]
    fn each_error_has_a_reason_and_says_what_mends_it() {
        let not_allowed = "User: arn:aws:iam::1:user/x is not authorized to perform: secretsmanager:GetSecretValue";
        let marked = "You can't perform this operation on the secret because it was marked for deletion.";
        for (code, message, status, reason, cure) in [
            ("AccessDeniedException", not_allowed, None, Reason::Forbidden, "secretsmanager:GetSecretValue"),
            ("AccessDeniedException", "Access to KMS is not allowed", None, Reason::Forbidden, "kms:Decrypt"),
            ("DecryptionFailure", "Secrets Manager can't decrypt", None, Reason::Forbidden, "kms:Decrypt"),
            ("ResourceNotFoundException", "can't find", None, Reason::NotFound, "eu-central-1"),
            ("InvalidRequestException", marked, None, Reason::NotFound, "restore-secret"),
            ("InvalidRequestException", "something else", Some(400), Reason::Other, ""),
            ("ExpiredTokenException", "expired", Some(400), Reason::Unauthorized, "Renew"),
            ("UnrecognizedClientException", "invalid", Some(400), Reason::Unauthorized, "AWS_ACCESS_KEY_ID"),
            ("ThrottlingException", "Rate exceeded", Some(400), Reason::RateLimited, ""),
            ("InternalServiceError", "", Some(500), Reason::Unreachable, ""),
            ("", "", Some(403), Reason::Forbidden, "secretsmanager:GetSecretValue"),
            ("", "", Some(502), Reason::Unreachable, ""),
        ] {
            let found = failure(code, message, status);
            assert_eq!(found.reason, reason, "{found}");
            assert!(found.cure.contains(cure) && found.why.contains(message.trim_end_matches('.')), "{found}");
            assert!(
                found.to_string().starts_with("failed to read x from AWS Secrets Manager: AWS answered "),
                "{found}"
            );
        }
    }
}
