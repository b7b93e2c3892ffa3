"""Conditional formats and banding."""

from __future__ import annotations

from sheets_sync.local import styles
from sheets_sync.local.fields import updated
from sheets_sync.local.grid import Json, Sheet
from sheets_sync.local.requests.change import Change, Refused, checked_box
from sheets_sync.local.requests.conditions import FORMATTING, check_condition


def add_conditional_format_rule(change: Change, body: Json) -> Json:
    """addConditionalFormatRule"""
    rule = styles.paired(body.get("rule", {}))
    rules = _rules(change, rule)
    index = body.get("index", 0)
    if not 0 <= index <= len(rules):
        raise Refused(f"index[{index}] is outside the rules[{len(rules)}]")
    rules.insert(index, rule)
    return {}


def _rules(change: Change, rule: Json) -> list[Json]:
    ranges = rule.get("ranges", [])
    if not ranges:
        raise Refused("A conditional format rule must have at least one range.")
    if "booleanRule" not in rule and "gradientRule" not in rule:
        raise Refused("A conditional format rule must have a booleanRule or a gradientRule.")
    if "booleanRule" in rule:
        check_condition(rule["booleanRule"].get("condition", {}), FORMATTING)
    sheet = change.sheet(ranges[0].get("sheetId", 0))
    for index, one in enumerate(ranges):
        if one.get("sheetId", 0) != sheet.id:
            raise Refused("All ranges of a conditional format rule must be on the same sheet.")
        checked_box(sheet, one, f"rule.ranges[{index}]")
    return sheet.part("conditionalFormats")


def _rule_at(change: Change, body: Json) -> tuple[Sheet, list[Json], int]:
    sheet = change.sheet(body.get("sheetId", 0), "sheet")
    rules, index = sheet.part("conditionalFormats"), body.get("index", 0)
    if not 0 <= index < len(rules):
        raise Refused(f"No conditional format on sheet: {sheet.id} at index: {index}")
    return sheet, rules, index


def update_conditional_format_rule(change: Change, body: Json) -> Json:
    """updateConditionalFormatRule: another rule in its place, or another place."""
    if "rule" in body:
        body = {**body, "rule": styles.paired(body["rule"])}
        new_rules = _rules(change, body["rule"])
        body = {"sheetId": body["rule"]["ranges"][0].get("sheetId", 0), **body}
        _, rules, index = _rule_at(change, body)
        if rules is not new_rules:
            raise Refused("A conditional format rule cannot move to another sheet.")
        old, rules[index] = rules[index], body["rule"]
        return {"updateConditionalFormatRule": {"newRule": body["rule"], "newIndex": index, "oldRule": old}}
    _, rules, index = _rule_at(change, body)
    new_index = body.get("newIndex", 0)
    if not 0 <= new_index < len(rules):
        raise Refused(f"newIndex[{new_index}] is outside the rules[{len(rules)}]")
    rule = rules.pop(index)
    rules.insert(new_index, rule)
    return {"updateConditionalFormatRule": {"newRule": rule, "newIndex": new_index, "oldIndex": index}}


def delete_conditional_format_rule(change: Change, body: Json) -> Json:
    """deleteConditionalFormatRule"""
    _, rules, index = _rule_at(change, body)
    return {"deleteConditionalFormatRule": {"rule": rules.pop(index)}}


# ---- banding


def add_banding(change: Change, body: Json) -> Json:
    """addBanding"""
    wanted = styles.paired(body.get("bandedRange", {}))
    sheet, _ = change.area(wanted.get("range"), "bandedRange.range")
    taken = [one["bandedRangeId"] for s in change.book.sheets for one in s.parts.get("bandedRanges", ())]
    if wanted.get("bandedRangeId") in taken:
        raise Refused(f"A banded range with the ID {wanted['bandedRangeId']} already exists.")
    if "rowProperties" not in wanted and "columnProperties" not in wanted:
        raise Refused("Must specify rowProperties or columnProperties.")
    wanted.setdefault("bandedRangeId", change.new_id(taken))
    sheet.part("bandedRanges").append(wanted)
    return {"addBanding": {"bandedRange": wanted}}


def _banding(change: Change, range_id: int) -> tuple[Sheet, int]:
    for sheet in change.book.sheets:
        for index, one in enumerate(sheet.parts.get("bandedRanges", ())):
            if one["bandedRangeId"] == range_id:
                return change.sheet(sheet.id), index
    raise Refused(f"No banding with id: {range_id}")


def update_banding(change: Change, body: Json) -> Json:
    """updateBanding"""
    mask = change.mask("BandedRange", body.get("fields"))
    wanted = body.get("bandedRange", {})
    sheet, at = _banding(change, wanted.get("bandedRangeId", 0))
    old = sheet.part("bandedRanges")[at]
    sheet.part("bandedRanges")[at] = {
        **styles.paired(updated(old, wanted, mask)),
        "bandedRangeId": old["bandedRangeId"],
    }
    return {}


def delete_banding(change: Change, body: Json) -> Json:
    """deleteBanding"""
    sheet, at = _banding(change, body.get("bandedRangeId", 0))
    del sheet.part("bandedRanges")[at]
    return {}
