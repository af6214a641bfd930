"""Tables, constraints and tiny properties; no queries, no mail."""
