"""What the domain name system answers; the only module that asks it."""

from collections.abc import Sequence

import dns.exception
import dns.resolver

from surveys.errors import SurveyError

SECONDS = 5.0


class DnsAway(SurveyError):
    """No answer came, neither yes nor no."""

    def __init__(self, name: str) -> None:
        super().__init__(f"no name server answers about {name}")
        self.name = name


def dns_records(name: str, kind: str) -> Sequence[str]:
    """The records of a name, TXT joined to one text each; none where there are none.

    Raises DnsAway when nobody answers.
    """
    try:
        answer = dns.resolver.resolve(name, kind, lifetime=SECONDS)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return ()
    except dns.exception.DNSException as error:
        raise DnsAway(name) from error
    if kind == "TXT":
        return [b"".join(record.strings).decode("utf-8", "replace") for record in answer]
    return [record.to_text() for record in answer]
