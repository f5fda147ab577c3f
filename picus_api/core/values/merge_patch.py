"""Apply a JSON Merge Patch (RFC 7396) to items in wire form, in which numbers are text."""

from picus_api.core.values.attribute_values import AttributeMap, AttributeValue


def apply_merge_patch(target: AttributeMap, patch: AttributeMap) -> AttributeMap:
    """Return a copy of the target with the patch applied: null removes, objects merge, all else replaces."""
    result = dict(target)
    for name, value in patch.items():
        if "NULL" in value:
            result.pop(name, None)
        else:
            result[name] = _patched_value(result.get(name, {}), value)
    return result


def _patched_value(target: AttributeValue, patch: AttributeValue) -> AttributeValue:
    # An object in the patch treats anything but an object in the target as an empty object.
    return {"M": apply_merge_patch(target.get("M", {}), patch["M"])} if "M" in patch else patch
