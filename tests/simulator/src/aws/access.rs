//! Who asks, in which region, for which service: the credential scope of a signature (Signature Version 4).

use axum::http::HeaderMap;

/// The key that is accepted unless a test says otherwise.
pub const ACCESS_KEY_ID: &str = "AKIASIMULATED0000001";

/// Its secret half. Only the client needs it: signatures are not verified.
pub const SECRET_ACCESS_KEY: &str = "s1mulat3d/secret+half/of+the+access/key0";

/// One of the simulated services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Service {
    Ec2,
    CloudWatch,
    Pricing,
    Sts,
    SecretsManager,
}

impl Service {
    /// By the name that signatures are made for.
    fn signed_as(name: &str) -> Option<Service> {
        match name {
            "ec2" => Some(Service::Ec2),
            "monitoring" => Some(Service::CloudWatch),
            "pricing" => Some(Service::Pricing),
            "sts" => Some(Service::Sts),
            "secretsmanager" => Some(Service::SecretsManager),
            _ => None,
        }
    }

    /// The name in IAM actions.
    pub fn in_actions(self) -> &'static str {
        match self {
            Service::Ec2 => "ec2",
            Service::CloudWatch => "cloudwatch",
            Service::Pricing => "pricing",
            Service::Sts => "sts",
            Service::SecretsManager => "secretsmanager",
        }
    }
}

/// What a request says about itself before its body is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    pub key: String,
    pub session_token: Option<String>,
    pub region: String,
    pub service: Service,
}

/// Why there is no scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unscoped {
    /// No signature.
    Missing,
    /// One that is not of the published form; what is wrong.
    Malformed(String),
    /// A service that is not simulated.
    UnknownService(String),
}

impl Scope {
    /// Reads `AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request, SignedHeaders=.., Signature=..`.
    pub fn of(headers: &HeaderMap) -> Result<Scope, Unscoped> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let malformed = |what: &str| Unscoped::Malformed(what.to_owned());
        let authorization = text("authorization").ok_or(Unscoped::Missing)?;
        let parts = authorization
            .strip_prefix("AWS4-HMAC-SHA256 ")
            .ok_or_else(|| malformed("the algorithm is not AWS4-HMAC-SHA256"))?;
        let part = |name: &str| {
            let found = parts.split(',').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='));
            found.ok_or_else(|| malformed(&format!("it has no {name}")))
        };
        let signature = part("Signature")?;
        if signature.len() != 64 || !signature.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(malformed("the signature is not 64 hexadecimal digits"));
        }
        if !part("SignedHeaders")?.split(';').any(|name| name == "host") {
            return Err(malformed("the header host is not signed"));
        }
        let date = text("x-amz-date").ok_or_else(|| malformed("there is no X-Amz-Date"))?;
        let credential: Vec<&str> = part("Credential")?.split('/').collect();
        let [key, day, region, service, "aws4_request"] = credential[..] else {
            return Err(malformed("the credential scope is not KEY/DATE/REGION/SERVICE/aws4_request"));
        };
        if !date.starts_with(day) || day.len() != 8 {
            return Err(malformed("the date in the credential scope is not that of X-Amz-Date"));
        }
        let service = Service::signed_as(service).ok_or_else(|| Unscoped::UnknownService(service.to_owned()))?;
        let session_token = text("x-amz-security-token").map(str::to_owned);
        Ok(Scope { key: key.to_owned(), session_token, region: region.to_owned(), service })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(authorization: &str, date: &str) -> Result<Scope, Unscoped> {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", authorization.parse().unwrap());
        headers.insert("x-amz-date", date.parse().unwrap());
        Scope::of(&headers)
    }

    #[test]
    fn reads_the_key_the_region_and_the_service() {
        let signature = "0f".repeat(32);
        let good = format!(
            "AWS4-HMAC-SHA256 Credential=AKIA/20261121/eu-central-1/monitoring/aws4_request, SignedHeaders=host;x-amz-date, Signature={signature}"
        );
        let expected = Scope {
            key: "AKIA".into(),
            session_token: None,
            region: "eu-central-1".into(),
            service: Service::CloudWatch,
        };
        assert_eq!(scope(&good, "20261121T120000Z"), Ok(expected));
        assert!(matches!(scope(&good, "20261122T120000Z"), Err(Unscoped::Malformed(_))));
        for (from, to) in [
            ("AWS4-HMAC", "AWS4-ECDSA"),
            ("aws4_request", "aws3_request"),
            ("/eu-central-1", ""),
            ("host;", ""),
            ("Signature=0", "Signature=x"),
            ("Credential=", "Credentials="),
        ] {
            let bad = good.replace(from, to);
            assert!(matches!(scope(&bad, "20261121T120000Z"), Err(Unscoped::Malformed(_))), "{bad}");
        }
        let other = good.replace("monitoring", "s3");
        assert_eq!(scope(&other, "20261121T120000Z"), Err(Unscoped::UnknownService("s3".into())));
        assert_eq!(Scope::of(&HeaderMap::new()), Err(Unscoped::Missing));
    }
}
