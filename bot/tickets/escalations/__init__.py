"""Escalations: professional disagreements between agencies, under the policy of the partnership."""
