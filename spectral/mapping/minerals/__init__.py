"""Which mineral, how sure, and why."""
