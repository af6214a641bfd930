"""Sample files to start from, in both languages; each can be uploaded as it is.

UTF-8 with a mark, so that a spreadsheet shows the Polish letters; semicolons in the Polish files,
as a Polish spreadsheet expects them, commas in the English ones.
"""

from collections.abc import Mapping

from surveys.contact_file.table import Separator

_CONTACTS = {
    "en": """
email;first_name;last_name;partner_name;partner_type;tier;region;country;language;audience;team
ewa.mazur@integra.example;Ewa;Mazur;Integra Śląsk;integrator;Gold;South;PL;pl;partner;
john.smith@halo.example;John;Smith;Halo Systems;reseller;Silver;West;GB;en;partner;
anna.kowalczyk@vendor.example;Anna;Kowalczyk;;;;;PL;pl;internal;Channel sales
""",
    "pl": """
E-mail;Imię;Nazwisko;Firma;Typ partnera;Poziom;Region;Kraj;Język;Odbiorca;Zespół
ewa.mazur@integra.example;Ewa;Mazur;Integra Śląsk;integrator;Gold;Południe;PL;pl;partner;
john.smith@halo.example;John;Smith;Halo Systems;reseller;Silver;Zachód;GB;en;partner;
anna.kowalczyk@vendor.example;Anna;Kowalczyk;;;;;PL;pl;wewnętrzny;Sprzedaż partnerska
""",
}
_ORDERS = {
    "en": """
partner_name;month;amount;product_line
Integra Śląsk;2026-10;12500.00;Storage
Halo Systems;2026-10;860.50;Backup
""",
    "pl": """
Firma;Miesiąc;Kwota;Linia produktowa
Integra Śląsk;2026-10;12 500,00;Pamięci masowe
Halo Systems;2026-10;860,50;Kopie zapasowe
""",
}


def sample_contacts(locale: str) -> bytes:
    """A contact file with two partners and one person of our own; English unless locale is pl."""
    return _file(_CONTACTS, locale)


def sample_orders(locale: str) -> bytes:
    """An orders file of the same partners; English unless locale is pl."""
    return _file(_ORDERS, locale)


def _file(samples: Mapping[str, str], locale: str) -> bytes:
    text = samples["pl"] if locale == "pl" else samples["en"].replace(";", Separator.COMMA)
    return b"\xef\xbb\xbf" + text.lstrip().replace("\n", "\r\n").encode()
