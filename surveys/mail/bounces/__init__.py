"""What comes back to the bounce mailbox: read from bytes to one typed value, and nothing else.

- `verdicts.py`: the value that reading gives, and its words.
- `statuses.py`: from a status, a reply and its words to hard, soft or policy.
- `parts.py`: pieces of a message that may be broken: texts, fields, addresses, ids.
- `automatic.py`: mails that a machine sent and that are no bounce.
- `detectors.py`: the library flufl.bounce, for formats unknown to us.
- `reading.py`: bytes to verdict.
- `returned.py`, `matching.py`: where the returned message begins, and what names the mail.
- `mailbox.py`, `jobs.py`: the IMAP mailbox that the bounces arrive in, and reading what is new.
- `opt_outs.py`: a mail with which somebody asks to get no more.
- `notices.py`: what a mail provider posts instead.

What a bounce means for the outbox and the suppression list is in surveys/bounces.py.
"""
