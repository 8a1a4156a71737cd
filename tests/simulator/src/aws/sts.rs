//! STS: which account the credentials belong to.

use super::failure::Failure;
use super::form;
use super::form::Parameters;
use super::service::Answer;
use super::service::Call;
use super::service::Reply;

pub const VERSION: &str = "2011-06-15";
pub const ACTION: &str = "GetCallerIdentity";

pub fn answer(call: &Call, action: &str) -> Answer {
    if action != ACTION {
        return Err(Failure::unknown(format!("the action sts:{action}")));
    }
    Parameters::of(form::pairs(call.body), &[])?;
    let (user, account, id) = (call.state.user(), call.state.account(), call.id);
    Ok(Reply::xml(
        200,
        format!(
            "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult><Arn>{user}</Arn><UserId>AIDASIMULATED00000001</UserId><Account>{account}</Account></GetCallerIdentityResult><ResponseMetadata><RequestId>{id}</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
        ),
    ))
}
