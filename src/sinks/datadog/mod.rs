//! Datadog: encode, send, spool. The only place that knows the wire format.
