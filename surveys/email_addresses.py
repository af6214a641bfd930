"""One spelling for one mailbox.

Used wherever an address is stored, compared or hashed. Nothing is asked of the network.
"""

import unicodedata

from email_validator import EmailNotValidError, validate_email


def normalise_email(text: str) -> str | None:
    """The address as it identifies a mailbox, or None when it is not an address.

    Case-folded, Unicode NFC, the domain in its ASCII form. A plus tag stays: whether two tagged
    addresses are one mailbox is known to the recipient's server alone.
    """
    try:
        valid = validate_email(text.strip(), check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return None
    local = unicodedata.normalize("NFC", valid.local_part.casefold())
    return f"{local}@{valid.ascii_domain.lower()}"
