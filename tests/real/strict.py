"""Datadog's own Python client as a strict reader of a series payload."""

from datadog_api_client import Configuration
from datadog_api_client.exceptions import ApiTypeError, ApiValueError
from datadog_api_client.model_utils import ModelNormal, UnparsedObject, validate_and_convert_types
from datadog_api_client.v2.model.metric_payload import MetricPayload

GAUGE = 3


def complaints(payload):
    """What Datadog's client does not understand of `payload`, or what a gauge must not be, as lines."""
    try:
        model = validate_and_convert_types(payload, (MetricPayload,), ["payload"], True, True, Configuration())
    except (ApiTypeError, ApiValueError, TypeError, AttributeError, KeyError) as error:
        return [f"payload: the client refuses it: {error}"]
    return [*_unparsed(model, "payload"), *_shape(payload)]


def _unparsed(value, path):
    """The client keeps what it cannot read instead of failing: such parts, and keys that it does not know, are faults."""
    if isinstance(value, UnparsedObject):
        yield f"{path}: the client cannot read it"
    elif isinstance(value, ModelNormal):
        known = set(value.attribute_map) if value.attribute_map else set()
        for key, inner in value._data_store.items():
            if key not in known:
                yield f"{path}.{key}: no such field in the client"
            yield from _unparsed(inner, f"{path}.{key}")
        if getattr(value, "_unparsed", False):
            yield f"{path}: a part of it is not what the client expects"
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _unparsed(inner, f"{path}[{index}]")


def _shape(payload):
    """What the client lets pass: points in the form of version 1, and types other than gauge."""
    for index, series in enumerate(payload.get("series", [])):
        name = f"series {index} ({series.get('metric')})"
        if series.get("type") != GAUGE:
            yield f"{name}: type is {series.get('type')}, a gauge is {GAUGE}"
        if not series.get("points"):
            yield f"{name}: no points"
        for point in series.get("points", []):
            if not isinstance(point, dict) or set(point) != {"timestamp", "value"}:
                yield f"{name}: a point is {{timestamp, value}}, not {point}"
            elif type(point["timestamp"]) is not int or type(point["value"]) not in (int, float):
                yield f"{name}: {point}: the timestamp is whole seconds, the value a number"
        for tag in series.get("tags", []):
            if ":" not in tag or tag.endswith(":") or len(tag) > 200:
                yield f"{name}: tag {tag!r} is not key:value of at most 200 characters"
