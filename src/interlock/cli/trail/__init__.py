"""What the commands on the audit trail share: signing, verifying, receipts, erasing, reports."""
