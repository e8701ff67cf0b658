"""Feedback requests: a referrer asks what became of a referral to the MASH."""
