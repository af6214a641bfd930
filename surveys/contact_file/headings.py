"""Which headings name which field, in the files that people have at hand.

Our own names first, then those of LimeSurvey, Qualtrics, CustomerGauge, Formbricks and Delighted
as their files were seen, and the natural Polish ones. Case, accents, spaces and punctuation do not
count: 'E-mail', 'e_mail' and 'EMAIL' are one heading, 'Imię' is 'imie'.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from sys import intern

_MAX_ATTRIBUTE_NAME = 60
_LIMESURVEY_ATTRIBUTE = re.compile(r"attribute[ _]?\d+(?:\s+(.+))?", re.IGNORECASE)
_NOT_WORD = re.compile(r"[\W_]+")


class ContactField(StrEnum):
    """What a contact file can say about a person and the company; the name of our own column."""

    EMAIL = "email"
    FIRST_NAME = "first_name"
    LAST_NAME = "last_name"
    FULL_NAME = "full_name"
    EXTERNAL_ID = "external_id"
    AUDIENCE = "audience"
    LANGUAGE = "language"
    TIMEZONE = "timezone"
    PARTNER_EXTERNAL_ID = "partner_external_id"
    PARTNER_NAME = "partner_name"
    ROLE = "role"
    JOB_TITLE = "job_title"
    TEAM = "team"
    PARTNER_TYPE = "partner_type"
    TIER = "tier"
    REGION = "region"
    COUNTRY = "country"
    SIZE_BAND = "size_band"
    ACCOUNT_MANAGER_EMAIL = "account_manager_email"
    REVENUE_BAND = "revenue_band"
    CONSENT_BASIS = "consent_basis"
    DO_NOT_SURVEY_UNTIL = "do_not_survey_until"
    EMAIL_STATUS = "email_status"


class OrderField(StrEnum):
    """What an orders file can say; the name of our own column."""

    PARTNER_EXTERNAL_ID = "partner_external_id"
    PARTNER_NAME = "partner_name"
    MONTH = "month"
    AMOUNT = "amount"
    PRODUCT_LINE = "product_line"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The headings of one kind of file.

    `fields` and `attributes` map a folded heading to the name of a field or attribute; `ignored`
    are folded headings of columns that nobody wants; each group of `needed` must have at least one
    of its fields in the file.
    """

    field_names: tuple[str, ...]
    fields: Mapping[str, str]
    attributes: Mapping[str, str]
    ignored: frozenset[str]
    needed: tuple[tuple[str, ...], ...]
    takes_attributes: bool


def fold(heading: str) -> str:
    """A heading without case, accents, spaces and punctuation: 'Język (kod)' gives 'jezykkod'."""
    return _NOT_WORD.sub("", _unaccented(heading))


def attribute_name(heading: str) -> str:
    """The name of the attribute that an unknown column becomes: 'Nr umowy' gives 'nr_umowy'.

    A heading `attr_x` names attribute x; LimeSurvey's 'attribute_1 Label' takes its label. Empty
    for a heading without a letter or figure.
    """
    text = limesurvey_label(heading) or heading
    words = _NOT_WORD.sub("_", _unaccented(text)).strip("_")
    return words.removeprefix("attr_")[:_MAX_ATTRIBUTE_NAME].strip("_")


def limesurvey_label(heading: str) -> str:
    """The label in 'attribute_1 Label' or 'attribute_1 <Label>', '' for other headings."""
    named = _LIMESURVEY_ATTRIBUTE.fullmatch(heading.strip())
    return (named[1] or "").strip("<> ") if named else ""


def is_attribute_heading(heading: str) -> bool:
    """Whether a heading says by itself that its column is an attribute."""
    named = heading.strip().lower()
    return named.startswith("attr_") or _LIMESURVEY_ATTRIBUTE.fullmatch(named) is not None


def _unaccented(text: str) -> str:
    """Lower case without accents. The Polish ł has no decomposition of its own."""
    decomposed = unicodedata.normalize("NFKD", text.casefold().replace("ł", "l"))
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def _folded(names: Mapping[str, str]) -> dict[str, str]:
    """From folded heading to name; every name is a heading itself.

    Interned, as the names of arguments are: rows are built from them by keyword.
    """
    return {
        fold(heading): intern(str(name))
        for name, headings in names.items()
        for heading in (name, *headings.split(","))
    }


_PARTNER_ID = (
    "partner id,account id,company id,customer id,id partnera,id firmy,identyfikator partnera,"
    "identyfikator firmy,numer partnera,nr partnera,kod partnera,kod firmy,id kontrahenta"
)
_PARTNER_NAME = (
    "partner,company,company name,account,account name,organisation,organization,customer,"
    "customer name,firma,nazwa firmy,nazwa partnera,nazwa,spółka,przedsiębiorstwo,kontrahent,"
    "nazwa kontrahenta,klient"
)

_CONTACT_FIELDS: Mapping[str, str] = {
    ContactField.EMAIL: (
        "e-mail,mail,email address,e-mail address,mail address,recipient email,work email,"
        "business email,contact email,adres e-mail,adres mailowy,adres poczty elektronicznej,"
        "poczta,poczta elektroniczna,e-mail służbowy,służbowy e-mail,mejl"
    ),
    ContactField.FIRST_NAME: "firstname,given name,forename,recipient first name,imię,imiona",
    ContactField.LAST_NAME: "lastname,surname,family name,recipient last name,nazwisko",
    ContactField.FULL_NAME: (
        "name,contact,contact name,person,imię i nazwisko,kontakt,osoba,osoba kontaktowa"
    ),
    ContactField.EXTERNAL_ID: (
        "external data reference,external reference,unique identifier,custom id,contact id,"
        "contact external id,person id,employee id,id kontaktu,id osoby,identyfikator,"
        "identyfikator osoby,identyfikator zewnętrzny"
    ),
    ContactField.AUDIENCE: "odbiorca,odbiorcy,grupa odbiorców,adresat",
    ContactField.LANGUAGE: (
        "lang,locale,user language,preferred language,język,język ankiety,język kontaktu"
    ),
    ContactField.TIMEZONE: "time zone,tz,strefa czasowa,strefa",
    ContactField.PARTNER_EXTERNAL_ID: _PARTNER_ID,
    ContactField.PARTNER_NAME: _PARTNER_NAME,
    ContactField.ROLE: "contact role,rola,rola kontaktu",
    ContactField.JOB_TITLE: "title,position,job,stanowisko,funkcja,tytuł stanowiska",
    ContactField.TEAM: "department,unit,zespół,dział,nasz zespół",
    ContactField.PARTNER_TYPE: "type,account type,typ,typ partnera,rodzaj,rodzaj partnera",
    ContactField.TIER: (
        "level,partner tier,partner level,poziom,poziom partnera,poziom partnerstwa,poziom programu"
    ),
    ContactField.REGION: "territory,area,obszar,terytorium,województwo",
    ContactField.COUNTRY: "country code,kraj,kod kraju,państwo",
    ContactField.SIZE_BAND: (
        "size,company size,wielkość,wielkość firmy,wielkość partnera,rozmiar,rozmiar firmy"
    ),
    ContactField.ACCOUNT_MANAGER_EMAIL: (
        "owner email,manager email,kam email,e-mail opiekuna,adres e-mail opiekuna,"
        "opiekun e-mail,e-mail opiekuna partnera"
    ),
    ContactField.REVENUE_BAND: (
        "revenue class,klasa przychodu,klasa przychodów,klasa przychodowa,klasa obrotu,"
        "klasa obrotów"
    ),
    ContactField.CONSENT_BASIS: (
        "consent,legal basis,podstawa zgody,podstawa prawna,podstawa kontaktu,zgoda"
    ),
    ContactField.DO_NOT_SURVEY_UNTIL: (
        "no surveys until,nie ankietować do,nie pytać do,nie wysyłać do,bez ankiet do"
    ),
    ContactField.EMAIL_STATUS: "status e-mail,status adresu,stan adresu",
}

_CONTACT_ATTRIBUTES: Mapping[str, str] = {
    "phone": (
        "phone number,telephone,mobile,mobile phone,tel,telefon,numer telefonu,nr telefonu,"
        "telefon komórkowy,telefon służbowy,komórka"
    ),
    "city": "town,miasto,miejscowość",
    "industry": "branża",
    "parent_account": "parent company,spółka matka,grupa kapitałowa",
    "account_manager": "owner,opiekun,opiekun partnera",
    "job_level": "szczebel stanowiska",
    "touchpoint": "punkt styku",
}

_ORDER_FIELDS: Mapping[str, str] = {
    OrderField.PARTNER_EXTERNAL_ID: _PARTNER_ID,
    OrderField.PARTNER_NAME: _PARTNER_NAME,
    OrderField.MONTH: (
        "period,date,order date,invoice date,revenue start date,miesiąc,okres,data,"
        "data zamówienia,data faktury"
    ),
    OrderField.AMOUNT: (
        "value,net amount,net value,revenue,sales,turnover,kwota,kwota netto,wartość,"
        "wartość netto,obrót,przychód,sprzedaż,sprzedaż netto"
    ),
    OrderField.PRODUCT_LINE: (
        "product,product group,category,linia,linia produktowa,linia produktów,produkt,"
        "grupa produktowa,kategoria"
    ),
}

# Our own error file first; then keys and marks of other tools, secrets among them (token, link),
# and numbers of companies and persons that nobody needs in a survey.
_IGNORED = (
    "error_code,error_text,tid,token,validfrom,validuntil,usesleft,invited,reminded,remindercount,"
    "completed,started,formbricks contact id,personal link,last_sent_at,no.,lp.,l.p.,nip,regon,"
    "krs,pesel,tax id,vat id,vat number"
)
_IGNORED_HEADINGS = frozenset(fold(heading) for heading in _IGNORED.split(","))

CONTACT_HEADINGS = Catalogue(
    field_names=tuple(field.value for field in ContactField),
    fields=_folded(_CONTACT_FIELDS),
    attributes=_folded(_CONTACT_ATTRIBUTES),
    ignored=_IGNORED_HEADINGS,
    needed=(
        (ContactField.EMAIL,),
        (ContactField.PARTNER_NAME, ContactField.AUDIENCE),
    ),
    takes_attributes=True,
)
ORDER_HEADINGS = Catalogue(
    field_names=tuple(field.value for field in OrderField),
    fields=_folded(_ORDER_FIELDS),
    attributes={},
    ignored=_IGNORED_HEADINGS,
    needed=(
        (OrderField.PARTNER_NAME, OrderField.PARTNER_EXTERNAL_ID),
        (OrderField.MONTH,),
        (OrderField.AMOUNT,),
    ),
    takes_attributes=False,
)
