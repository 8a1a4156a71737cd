//! What the services know, and the handles by which a test changes how they behave.

use super::access::ACCESS_KEY_ID;
use super::access::Scope;
use super::access::Service;
use super::failure::Failure;
use super::failure::Refusal;
use super::page::Pages;
use super::secrets::SecretFailure;
use super::secrets::Secrets;
use crate::organisation::Organisation;
use crate::organisation::aws::Aws;
use crate::organisation::aws::Region;
use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

/// The account of everything that is simulated, also where the organisation describes none.
const ACCOUNT: &str = "123456789012";

/// The only regions with an endpoint of the Price List Query API.
const PRICING_REGIONS: [&str; 3] = ["us-east-1", "eu-central-1", "ap-south-1"];

/// The services' state.
pub struct State {
    organisation: Arc<Organisation>,
    controls: Mutex<Controls>,
}

struct Controls {
    /// Access keys, each with its session token where it has one.
    keys: HashMap<String, Option<String>>,
    revoke_after: Option<u64>,
    expire_after: Option<u64>,
    /// IAM actions, everywhere or in one region.
    denied: HashSet<(String, Option<String>)>,
    /// IAM actions, and for how many requests more.
    throttled: HashMap<String, u64>,
    disabled: HashSet<String>,
    disabled_region: DisabledRegion,
    pages: Pages,
    largest_page: Option<usize>,
    metric_status: HashMap<String, &'static str>,
    secrets: Secrets,
    metrics_asked: u64,
    requests: u64,
}

/// What EC2 says in a region that is not enabled; both are seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DisabledRegion {
    /// Status 403.
    #[default]
    OptInRequired,
    /// Status 401: the region has never heard of the credentials.
    AuthFailure,
}

impl State {
    /// The services of an organisation.
    pub fn new(organisation: Arc<Organisation>) -> State {
        let controls = Controls {
            keys: HashMap::from([(ACCESS_KEY_ID.to_owned(), None)]),
            revoke_after: None,
            expire_after: None,
            denied: HashSet::new(),
            throttled: HashMap::new(),
            disabled: HashSet::new(),
            disabled_region: DisabledRegion::default(),
            pages: Pages::default(),
            largest_page: None,
            metric_status: HashMap::new(),
            secrets: Secrets::default(),
            metrics_asked: 0,
            requests: 0,
        };
        State { organisation, controls: Mutex::new(controls) }
    }

    /// Accepts a further access key, with its session token if it is a temporary one.
    pub fn accept_key(&self, key: &str, session_token: Option<&str>) {
        self.controls().keys.insert(key.to_owned(), session_token.map(str::to_owned));
    }

    /// After so many more requests every key known until then is refused as unknown.
    pub fn revoke_keys_after(&self, requests: u64) {
        self.controls().revoke_after = Some(requests);
    }

    /// After so many more requests every request is refused because its token has expired.
    pub fn expire_tokens_after(&self, requests: u64) {
        self.controls().expire_after = Some(requests);
    }

    /// Refuses an action, such as `ec2:DescribeVolumes`, as for an account without that permission.
    pub fn deny(&self, action: &str) {
        self.controls().denied.insert((action.to_owned(), None));
    }

    /// Refuses an action in one region.
    pub fn deny_in(&self, region: &str, action: &str) {
        self.controls().denied.insert((action.to_owned(), Some(region.to_owned())));
    }

    /// Lets an action pass again, in every region.
    pub fn allow(&self, action: &str) {
        self.controls().denied.retain(|(denied, _)| denied != action);
    }

    /// Refuses so many requests for an action because there are too many.
    pub fn throttle(&self, action: &str, requests: u64) {
        self.controls().throttled.insert(action.to_owned(), requests);
    }

    /// Disables a region, beside those that the description has disabled.
    pub fn disable_region(&self, region: &str) {
        self.controls().disabled.insert(region.to_owned());
    }

    /// What EC2 says in a region that is not enabled.
    pub fn disabled_regions_say(&self, what: DisabledRegion) {
        self.controls().disabled_region = what;
    }

    /// How lists are cut, beside what a request asks for.
    pub fn set_pages(&self, pages: Pages) {
        self.controls().pages = pages;
    }

    /// No page holds more than this, whatever a request asks for; of CloudWatch's, no more datapoints.
    pub fn set_largest_page(&self, largest: Option<usize>) {
        self.controls().largest_page = largest;
    }

    /// CloudWatch answers for one instance with this status code (`Forbidden`, `InternalError`) and no points.
    pub fn set_metric_status(&self, instance: &str, status: &'static str) {
        self.controls().metric_status.insert(instance.to_owned(), status);
    }

    /// How many metrics CloudWatch was asked for, which is what it charges for.
    pub fn metrics_asked(&self) -> u64 {
        self.controls().metrics_asked
    }

    /// Sets a secret of that name; there are some from the beginning.
    pub fn put_secret(&self, name: &str, text: &str) {
        self.controls().secrets.put(name, text);
    }

    /// Sets a secret that is not text.
    pub fn put_binary_secret(&self, name: &str, bytes: &[u8]) {
        self.controls().secrets.put_binary(name, bytes);
    }

    /// What every attempt to read one secret comes to.
    pub fn fail_secret(&self, name: &str, failure: SecretFailure) {
        self.controls().secrets.fail(name, failure);
    }

    /// How many requests came in, refused ones included.
    pub fn request_count(&self) -> u64 {
        self.controls().requests
    }

    pub(super) fn aws(&self) -> &Aws {
        &self.organisation.aws
    }

    pub(super) fn account(&self) -> &str {
        if self.aws().is_described() { &self.aws().account } else { ACCOUNT }
    }

    pub(super) fn user(&self) -> String {
        format!("arn:aws:iam::{}:user/orgpulse", self.account())
    }

    pub(super) fn pages(&self) -> Pages {
        self.controls().pages
    }

    pub(super) fn largest_page(&self) -> Option<usize> {
        self.controls().largest_page
    }

    pub(super) fn metric_status(&self, instance: &str) -> Option<&'static str> {
        self.controls().metric_status.get(instance).copied()
    }

    pub(super) fn count_metrics(&self, metrics: usize) {
        self.controls().metrics_asked += metrics as u64;
    }

    pub(super) fn secrets(&self) -> Secrets {
        self.controls().secrets.clone()
    }

    /// Whether an action is refused for want of a permission.
    pub(super) fn is_denied(&self, region: &str, action: &str) -> bool {
        self.controls().is_denied(region, action)
    }

    /// Whether the account may use a region.
    pub(super) fn is_enabled(&self, region: &Region) -> bool {
        region.is_enabled() && !self.controls().disabled.contains(&region.name)
    }

    /// A region of the description.
    pub(super) fn region(&self, name: &str) -> Result<&Region, Failure> {
        self.aws().region(name).ok_or_else(|| Failure::unknown(format!("the region {name}")))
    }

    /// Counts the request, and refuses it for whatever any action may be refused for.
    pub(super) fn admit(&self, scope: &Scope, action: &str) -> Result<(), Failure> {
        let refuse = |refusal: Refusal| Err(Failure::of(&refusal, scope.service));
        let region = self.aws().region(&scope.region);
        let is_enabled = region.is_none_or(|region| self.is_enabled(region));
        let action = format!("{}:{action}", scope.service.in_actions());
        let mut controls = self.controls();
        controls.requests += 1;
        if used_up(&mut controls.revoke_after) {
            controls.keys.clear();
        }
        let is_expired = used_up(&mut controls.expire_after);
        if is_expired {
            // It stays so.
            controls.expire_after = Some(0);
        }
        if controls.keys.get(&scope.key).is_none_or(|token| *token != scope.session_token) {
            return refuse(Refusal::UnknownKey);
        }
        if is_expired {
            return refuse(Refusal::Expired);
        }
        if !is_enabled {
            let is_unknown = controls.disabled_region == DisabledRegion::AuthFailure;
            return refuse(if is_unknown { Refusal::UnknownKey } else { Refusal::RegionDisabled });
        }
        if scope.service == Service::Pricing && !PRICING_REGIONS.contains(&scope.region.as_str()) {
            return Err(Failure::unknown(format!("an endpoint of the Price List in {}: there is none", scope.region)));
        }
        if let Some(left) = controls.throttled.get_mut(&action)
            && *left > 0
        {
            *left -= 1;
            return refuse(Refusal::Throttled);
        }
        if controls.is_denied(&scope.region, &action) {
            return refuse(Refusal::Denied { user: self.user(), action });
        }
        Ok(())
    }

    fn controls(&self) -> MutexGuard<'_, Controls> {
        self.controls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Controls {
    fn is_denied(&self, region: &str, action: &str) -> bool {
        let everywhere = (action.to_owned(), None);
        let here = (action.to_owned(), Some(region.to_owned()));
        self.denied.contains(&everywhere) || self.denied.contains(&here)
    }
}

/// Whether the requests that were left are over; counts one off if not.
fn used_up(left: &mut Option<u64>) -> bool {
    match left {
        Some(0) => {
            *left = None;
            true
        }
        Some(n) => {
            *n -= 1;
            false
        }
        None => false,
    }
}
