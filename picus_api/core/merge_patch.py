"""JSON Merge Patch (RFC 7396) on items in wire form: numbers stay the text that they are."""

from picus_api.core.attributes import AttributeMap, AttributeValue


def merged(target: AttributeMap, patch: AttributeMap) -> AttributeMap:
    """The target with the patch applied: null removes, objects merge, everything else replaces."""
    result = dict(target)
    for name, value in patch.items():
        if "NULL" in value:
            result.pop(name, None)
        else:
            result[name] = _merged_value(result.get(name, {}), value)
    return result


def _merged_value(target: AttributeValue, patch: AttributeValue) -> AttributeValue:
    # What is no object in the target is, to a patch that is one, an empty object.
    return {"M": merged(target.get("M", {}), patch["M"])} if "M" in patch else patch
