"""What a session reports: its report, its page, its evidence and its metrics, all from the journal."""
