"""The sample's initiatives and what each brings, as a food-delivery marketplace would list them."""

# One initiative a line: the table reads better wide than folded.
# ruff: noqa: E501
# fmt: off
from __future__ import annotations

from datetime import date
from typing import NamedTuple


class Idea(NamedTuple):
    """One initiative: its Initiatives row, and its Contributions row in ``brings`` (in the order of ``KPI_KEYS``).

    ``brings`` None: nobody has written a Contributions row yet. ``more`` are the cells that only this row fills.
    """

    title: str
    department: str
    country: str | None
    product: str
    segment: str
    category: str
    program: str
    tokens: int | None
    design: int | None
    brings: tuple[float | str | None, ...] | None
    more: dict[str, str | int | bool] | None = None


def day(year: int, month: int, number: int) -> int:
    """What a spreadsheet holds when a PM types that date: the days since 30 December 1899."""
    return (date(year, month, number) - date(1899, 12, 30)).days


KPI_KEYS = ("revenue", "orders", "retention", "delivery_time", "partners")

TEAMS = {
    "Consumer": "Diner experience",
    "Merchant": "Restaurant success",
    "Logistics": "Courier operations",
    "Growth": "Growth",
    "Payments": "Payments and risk",
    "Data": "Data science",
    "Platform": "Platform engineering",
    "Support": "Customer care",
}

IDEAS: tuple[Idea, ...] = (
    # Consumer
    Idea("One-tap checkout", "Consumer", "UK", "checkout", "B2C", "new feature", "Checkout", 180, 18, (640000, 21000, 0.006, None, None)),
    Idea("Checkout redesign", "Consumer", "UK", "checkout", "B2C", "improvement", "Checkout", 140, 22, (410000, 15500, 0.004, None, None)),
    Idea("Reorder from the home screen", "Consumer", "DE", "consumer app", "B2C", "improvement", "Loyalty", 95, 9, (285000, 18500, 0.012, None, None)),
    Idea("Group orders for offices", "Consumer", "NL", "consumer app", "B2B", "new feature", "New occasions", 210, 20, (520000, 9800, 0.003, None, 45)),
    Idea("Dietary filters that stick", "Consumer", "FR", "consumer app", "B2C", "improvement", "Loyalty", 90, 8, (98000, 6200, 0.009, None, None)),
    Idea("Live order map with honest times", "Consumer", "ES", "consumer app", "B2C", "improvement", "Faster delivery", 150, 16, (150000, 7400, 0.014, -0.3, None)),
    # Merchant
    Idea("Self-service onboarding", "Merchant", "IT", "merchant portal", "B2B", "new feature", "Merchant success", 200, 15, (730000, 12400, None, None, 620)),
    Idea("Menu import from a photo", "Merchant", "PL", "merchant portal", "B2B", "new feature", "Merchant success", 160, 7, (390000, 8800, None, None, 480)),
    Idea("Prep-time predictions in the kitchen", "Merchant", "UK", "merchant portal", "B2B", "improvement", "Faster delivery", 170, 6, (205000, 5600, 0.004, -1.1, None)),
    Idea("Sponsored listings", "Merchant", "DE", "merchant portal", "B2B", "new feature", "Merchant success", 190, 12, (1000000, 2100, -0.002, None, 60)),
    Idea("Weekly payouts on demand", "Merchant", "PT", "merchant portal", "B2B", "improvement", "Merchant success", 110, 4, (120000, None, None, None, 210)),
    Idea("Stock sync for groceries", "Merchant", "ES", "merchant portal", "B2B", "new feature", "New occasions", 230, 5, (560000, 14900, 0.005, None, 130)),
    # Logistics
    Idea("Batching two orders a trip", "Logistics", "UK", "courier app", "courier", "improvement", "Faster delivery", 220, 4, (690000, 10200, -0.003, 0.4, None)),
    Idea("Courier app offline mode", "Logistics", "PL", "courier app", "courier", "improvement", "Faster delivery", 120, 7, (88000, 3900, 0.002, -0.6, None)),
    Idea("Courier earnings explained", "Logistics", "FR", "courier app", "courier", "improvement", "Faster delivery", 100, 9, (64000, 2500, 0.002, -0.3, None)),
    Idea("Demand forecasting v2", "Logistics", None, "dispatch", "courier", "tech debt", "Faster delivery", 185, None, (310000, 8100, 0.003, -1.4, None)),
    Idea("Dynamic delivery fees", "Logistics", "IT", "dispatch", "B2C", "new feature", "Faster delivery", 155, 6, (845000, -4200, -0.004, -0.5, None)),
    Idea("Handover codes at the door", "Logistics", "NL", "courier app", "B2C", "improvement", "Trust and safety", 90, 5, (72000, None, 0.005, 0.1, None)),
    # Growth
    Idea("Monthly subscription", "Growth", "UK", "consumer app", "B2C", "new feature", "Loyalty", 250, 21, (910000, 33000, 0.03, None, None)),
    Idea("Points and rewards", "Growth", "FR", "consumer app", "B2C", "new feature", "Loyalty", 205, 19, (480000, 27500, 0.026, None, None)),
    Idea("Invite a friend, both eat", "Growth", "PL", "consumer app", "B2C", "new feature", "Loyalty", 105, 8, (230000, 16800, 0.004, None, None)),
    Idea("Student plan", "Growth", "ES", "consumer app", "B2C", "new feature", "Loyalty", 130, 10, (195000, 19600, 0.011, None, None)),
    Idea("Local landing pages", "Growth", "PT", "website", "B2C", "improvement", "New occasions", 95, 6, ("126,500.50", 9300, None, None, 35)),
    Idea("Win-back messages that fit", "Growth", "DE", "consumer app", "B2C", "improvement", "Loyalty", 115, 5, (255000, 13200, 0.016, None, None)),
    # Payments
    Idea(
        "Strong customer authentication 3", "Payments", None, "checkout", "B2C", "compliance", "Trust and safety", 165, 6,
        (None, None, 0.002, None, None), {"deadline_date": day(2027, 3, 31), "deadline_is_hard": True},
    ),
    Idea("Pay by bank", "Payments", "DE", "checkout", "B2C", "new feature", "Checkout", 145, 8, (330000, 5200, 0.002, None, None)),
    Idea("Pay by instalments", "Payments", "ES", "checkout", "B2C", "new feature", "Checkout", 175, 10, (295000, 4700, None, None, None)),
    Idea("Meal vouchers", "Payments", "FR", "checkout", "B2B", "new feature", "Checkout", 160, 7, (610000, 11800, 0.006, None, 75)),
    Idea("Chargeback evidence by itself", "Payments", "IT", "back office", "B2B", "improvement", "Trust and safety", 100, None, (215000, None, None, None, 20)),
    # Data
    Idea("Personal home screen", "Data", None, "consumer app", "B2C", "new feature", "Loyalty", 195, 13, (770000, 24000, 0.018, None, None)),
    Idea("Search that understands dishes", "Data", "UK", "consumer app", "B2C", "improvement", "New occasions", 175, 9, (540000, 17200, 0.008, None, None)),
    Idea("Fraud scores in real time", "Data", None, "back office", "B2B", "improvement", "Trust and safety", 150, None, (365000, None, 0.002, None, None)),
    Idea("One catalogue of events", "Data", None, "data platform", "B2B", "tech debt", "Platform health", 140, None, (45000, None, None, None, None)),
    Idea("Experiment reports in a day", "Data", None, "data platform", "B2B", "tech debt", "Platform health", 110, 4, (132000, 2200, 0.002, None, None)),
    # Platform
    Idea(
        "Leave the old order service", "Platform", None, "order service", "B2B", "tech debt", "Platform health", 260, None,
        (160000, None, 0.003, -0.2, None),
        {"lifecycle_status": "in_progress", "remaining_tokens": 120, "started_period": "2026-Q4"},
    ),
    Idea("Second region for checkout", "Platform", None, "checkout", "B2C", "tech debt", "Platform health", 240, None, (275000, 3000, 0.004, None, None)),
    Idea("App start under two seconds", "Platform", None, "consumer app", "B2C", "improvement", "Platform health", 125, 3, (190000, 8900, 0.007, None, None)),
    Idea(
        "Single sign-on for staff", "Platform", None, "back office", "B2B", "tech debt", "Platform health", 95, 2,
        (None, None, None, None, None), {"lifecycle_status": "delivered", "is_candidate": False},
    ),
    # Support
    Idea("Refunds without a call", "Support", "UK", "back office", "B2C", "improvement", "Trust and safety", 135, 11, (240000, 4100, 0.013, None, None)),
    Idea("Courier help chat", "Support", "NL", "courier app", "courier", "improvement", "Faster delivery", 105, 6, (41000, None, None, -0.2, None)),
    Idea("Answers in eight languages", "Support", "PT", "back office", "B2C", "improvement", "Trust and safety", 120, 8, (76000, 1400, 0.006, None, None)),
    Idea("Alcohol delivery", "Growth", "PL", "consumer app", "B2C", "new feature", "New occasions", 170, 9, (580000, 12600, None, None, 90)),
    # Not estimated yet: left out of the run, and named.
    Idea("Voice ordering", "Consumer", "IT", "consumer app", "B2C", "new feature", "New occasions", None, 14, (None, 3300, None, None, None), {"lifecycle_status": "new"}),
    # Estimated, but nobody has said what it brings.
    Idea("Carbon label on each dish", "Consumer", "NL", "consumer app", "B2C", "new feature", "Trust and safety", 90, 6, None, {"lifecycle_status": "needs_info"}),
)

REQUESTS: tuple[dict[str, str | int], ...] = (
    {"title": "Gift cards for companies", "department": "Growth", "requesting_team": "Sales DE", "requester_name": "Jonas Weber",
     "requester_email": "jonas.weber@example.com", "country": "DE", "product_area": "consumer app",
     "problem_statement": "Companies ask for meals as presents every December; we send them a spreadsheet",
     "deadline_date": day(2027, 11, 15)},
    {"title": "Allergy warnings on the receipt", "requesting_team": "Restaurant success", "requester_name": "Chiara Russo",
     "requester_email": "chiara.russo@example.com", "country": "IT", "product_area": "merchant portal",
     "problem_statement": "Kitchens read allergies in the app and forget them at the bag"},
    # Asked for already: told beside the row, never merged by itself.
    {"title": "Student Plan", "department": "Growth", "requesting_team": "Campus UK", "requester_name": "Aisha Khan",
     "requester_email": "aisha.khan@example.com", "country": "UK", "product_area": "consumer app",
     "problem_statement": "Students compare us with a rival that has a plan for them"},
)
"""What people have asked for in Intake and nobody has looked at yet."""
