//! Refusals in the published form of each protocol.

use super::access::Service;
use super::service::Reply;
use super::xml::escaped;
use ciborium::Value;
use serde_json::json;

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub status: u16,
    pub code: String,
    pub message: String,
}

/// What any action of any service may be refused for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// A key or session token that AWS does not know (any more).
    UnknownKey,
    /// A session token past its end.
    Expired,
    /// The region is not enabled for the account.
    RegionDisabled,
    /// Too many requests.
    Throttled,
    /// No policy allows it: who, and which action.
    Denied { user: String, action: String },
}

impl Failure {
    pub fn new(status: u16, code: &str, message: impl Into<String>) -> Failure {
        Failure { status, code: code.to_owned(), message: message.into() }
    }

    /// What the simulator does not know, whatever the vendor would say.
    pub fn unknown(what: impl std::fmt::Display) -> Failure {
        Failure::new(501, "NotSimulated", format!("the simulator does not know {what}"))
    }

    /// The same refusal has its own code and status at every service.
    pub fn of(refusal: &Refusal, service: Service) -> Failure {
        use Service::CloudWatch;
        use Service::Ec2;
        use Service::Sts;
        let invalid = "The security token included in the request is invalid.";
        let expired = "The security token included in the request is expired";
        match (refusal, service) {
            (Refusal::UnknownKey, Ec2) => {
                Failure::new(401, "AuthFailure", "AWS was not able to validate the provided access credentials")
            }
            (Refusal::UnknownKey, Sts | CloudWatch) => Failure::new(403, "InvalidClientTokenId", invalid),
            (Refusal::UnknownKey, _) => Failure::new(400, "UnrecognizedClientException", invalid),
            (Refusal::Expired, Ec2) => Failure::new(400, "RequestExpired", "Request has expired."),
            (Refusal::Expired, Sts | CloudWatch) => Failure::new(403, "ExpiredToken", expired),
            (Refusal::Expired, _) => Failure::new(400, "ExpiredTokenException", expired),
            (Refusal::RegionDisabled, Ec2) => Failure::new(
                403,
                "OptInRequired",
                "You are not subscribed to this service. Please go to http://aws.amazon.com to subscribe.",
            ),
            (Refusal::RegionDisabled, _) => Failure::of(&Refusal::UnknownKey, service),
            (Refusal::Throttled, Ec2) => Failure::new(503, "RequestLimitExceeded", "Request limit exceeded."),
            (Refusal::Throttled, Sts | CloudWatch) => Failure::new(400, "Throttling", "Rate exceeded"),
            (Refusal::Throttled, _) => Failure::new(400, "ThrottlingException", "Rate exceeded"),
            (Refusal::Denied { user, action }, Ec2) => Failure::new(
                403,
                "UnauthorizedOperation",
                format!(
                    "You are not authorized to perform this operation. User: {user} is not authorized to perform: {action} because no identity-based policy allows the {action} action"
                ),
            ),
            (Refusal::Denied { user, action }, _) => {
                let (status, code) = match service {
                    Sts | CloudWatch => (403, "AccessDenied"),
                    _ => (400, "AccessDeniedException"),
                };
                let message = format!(
                    "User: {user} is not authorized to perform: {action} because no identity-based policy allows the {action} action"
                );
                Failure::new(status, code, message)
            }
        }
    }

    /// As the service's protocol spells it.
    pub fn reply(&self, service: Service, request: &str) -> Reply {
        let (code, message) = (escaped(&self.code), escaped(&self.message));
        match service {
            Service::Ec2 => Reply::xml(
                self.status,
                format!(
                    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors><RequestID>{request}</RequestID></Response>"
                ),
            ),
            Service::Sts => Reply::xml(
                self.status,
                format!(
                    "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error><RequestId>{request}</RequestId></ErrorResponse>"
                ),
            ),
            Service::Pricing | Service::SecretsManager => {
                Reply::json(self.status, &json!({ "__type": self.code, "Message": self.message }))
            }
            Service::CloudWatch => {
                let text = |text: &str| Value::Text(text.to_owned());
                let body = vec![(text("__type"), text(&self.code)), (text("message"), text(&self.message))];
                // CloudWatch spoke the query protocol once; old codes travel in this header.
                Reply::cbor(self.status, &Value::Map(body)).with("x-amzn-query-error", format!("{};Sender", self.code))
            }
        }
    }
}
