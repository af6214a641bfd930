"""From a queued row to a message in the recipient's mailbox."""
