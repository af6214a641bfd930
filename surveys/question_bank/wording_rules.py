"""What a single text must keep to: one claim, few words, and the traps of Polish and English.

Patterns only, so each rule is narrower than the style it stands for: verb endings of Ty and Wy,
for example, are read by a person. A rule says what it found, as it stands in the text, or nothing.
Source: method of the question bank, quality notes.
"""

import re

MOST_WORDS_OF_A_STATEMENT = 16

# --- one claim ---------------------------------------------------------------------------------

_JOINING = {
    "en": re.compile(r"\b(?:and|or)\b|;", re.IGNORECASE),
    "pl": re.compile(r"\b(?:i|oraz|lub|albo|ani)\b|;", re.IGNORECASE),
}


def second_claim(text: str, locale: str) -> str | None:
    """The word that may join a second claim to a statement; a person decides whether it does."""
    pattern = _JOINING.get(locale)
    return None if pattern is None else _first(text, pattern)


# --- the vendor's name is never inflected ------------------------------------------------------

_NAME = r"\{v(?:endor)?\}"
_PREPOSITION = (
    "beze?|dla|do|dzięki|ku|między|mimo|na|nade?|o|ode?|oprócz|po|pode?|podczas|poza|przeciw(?:ko)?"
    "|przede?|przeze?|przy|spod|spoza|sprzed|u|we?|wbrew|według|wobec|wśród|z|ze|za|zamiast|znad"
    "|zza"
)
_AFTER_PREPOSITION = re.compile(rf"\b(?:{_PREPOSITION})\s+{_NAME}", re.IGNORECASE)

# A verb before the name makes it an object, which needs a case. These are the endings of the
# infinitive and of the first and third person plural; nouns with the same endings are let through.
_NOUN_LIKE_VERB = (
    "sieć|nić|postać|śmierć|płeć|pamięć|reklamy|programy|diagramy|ramy|bramy|normy|formy|zimy"
)
_AFTER_VERB = re.compile(
    rf"\b(?!(?:{_NOUN_LIKE_VERB})\b)\w*(?:[aeiyuąó]ć|[iy]my|jemy|żemy|amy|[au]ją)\s+{_NAME}",
    re.IGNORECASE,
)
_POSSESSIVE_WITHOUT_S = re.compile(rf"{_NAME}['’](?!s\b)")


def inflected_vendor(text: str) -> str | None:
    """The place where Polish would need a case of the vendor's name, or None.

    The name may stand as the subject or right after a noun („firma {v}”, „rabaty {v}”), never
    after a preposition and never as the object of a verb.
    """
    return _first(text, _AFTER_PREPOSITION, _AFTER_VERB)


def bare_possessive(text: str) -> str | None:
    """An English genitive of the vendor's name that is not spelt 's, or None."""
    return _first(text, _POSSESSIVE_WITHOUT_S)


# --- the vendor's name has no gender -----------------------------------------------------------

# Only where the bare name opens a clause is it the subject; after a noun the noun is.
_CLAUSE = r"(?:^|[.,;:!?…(]\s*|\b(?:a|ale|bo|co|czy|gdy|gdzie|i|jak|jeśli|kiedy|lecz|że)\s+)"
_SHOULD = r"\bpowin(?:ien|na|no)\b"
_ADVERBS = r"(?:(?:nie|się|już|też|zawsze|nigdy|nas|nam|\w+(?:ie|ej|o))\s+)*"
# Present tenses that end like a past one: „{v} wysyła”, „{v} działa”.
_PRESENT = r"(?!\w*(?:syła|działa|woła|zdoła)\b)"
_NOUN_LIKE_PAST = r"(?!(?:siła|skała|pochwała|chwała|uchwała|tył|pył|działo|dzieło|ciało)\b)"
_PAST_AFTER_NAME = re.compile(
    rf"{_CLAUSE}({_NAME}\s+{_ADVERBS}{_PRESENT}\w+(?:ł|ła|ło)(?:by)?\b)", re.IGNORECASE
)
_SHOULD_AFTER_NAME = re.compile(rf"{_CLAUSE}({_NAME}\s[^.,;:!?]*?{_SHOULD})", re.IGNORECASE)
_SHOULD_BEFORE_NAME = re.compile(rf"{_SHOULD}\s+{_NAME}", re.IGNORECASE)
_PAST_BEFORE_NAME = re.compile(
    rf"\b{_PRESENT}{_NOUN_LIKE_PAST}\w+(?:[aiyeę]ł[ao]|[iy]ł)\s+{_NAME}", re.IGNORECASE
)
_PRONOUN = re.compile(r"\b(?:jej|jego)\b", re.IGNORECASE)


def gendered_vendor(text: str) -> str | None:
    """Words that give the vendor's name a gender, or None.

    „{v} powinien”, a past tense with the bare name as its subject, and „jej” or „jego” beside it.
    „firma {v} powinna” is fine: the gender is that of the noun.
    """
    if re.search(_NAME, text) is None:
        return None
    return _first(
        text,
        _SHOULD_AFTER_NAME,
        _SHOULD_BEFORE_NAME,
        _PAST_AFTER_NAME,
        _PAST_BEFORE_NAME,
        _PRONOUN,
    )


# --- partners read the Państwo form ------------------------------------------------------------

# „ci” is left out: it is also "those" of people.
_FAMILIAR_WORD = re.compile(
    r"\b(?:ty|ciebie|cię|tobie|tobą|wy|was|wam|wami"
    r"|tw(?:ój|oja|oje|oją|ojej|ojego|ojemu|oim|oimi|oich|oi)"
    r"|wasz(?:a|e|ą|ej|ego|emu|ym|ymi|ych)?|wasi)\b",
    re.IGNORECASE,
)
_FAMILIAR_PAST = re.compile(r"\b\w+(?:ł(?:a?by|e|a)ś|(?:li|ły)(?:by)?ście)\b", re.IGNORECASE)
# „chcieliby Państwo” is a polite present, the one conditional that is let through.
_NO_PAST = r"(?!(?i:jeśli|jeżeli|czyli|chwili|skali|roli|woli|chcieliby)\b)"
_READER_PAST = rf"{_NO_PAST}\w+(?:li|ły)(?:by)?"
_PAST_OF_READER = re.compile(rf"\b{_READER_PAST}\s+Państwo\b|\bPaństwo\s+{_READER_PAST}\b")


def familiar_address(text: str) -> str | None:
    """A Polish Ty or Wy, or a past tense or conditional about the reader, or None."""
    return _first(text, _FAMILIAR_WORD, _FAMILIAR_PAST, _PAST_OF_READER)


def _first(text: str, *patterns: re.Pattern[str]) -> str | None:
    """What the first pattern that matches finds: its group, if it has one."""
    for pattern in patterns:
        match = pattern.search(text)
        if match is not None:
            return match.group(pattern.groups)
    return None
