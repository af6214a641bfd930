"""Countries by their two letters (ISO 3166-1), and the names under which lists have them.

Codes of all countries; names in Polish and English for those where partners of a European vendor
usually are. Other names are refused with the request for the code.
"""

import unicodedata

_ALL = """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS
    BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE
    EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM
    HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC
    LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA
    NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW
    SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO
    TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
"""
_CODES = frozenset(_ALL.split())

_NAMES = """
    AT austria; BE belgia belgium; BG bułgaria bulgaria; CA kanada canada;
    CH szwajcaria switzerland; CY cypr cyprus; CZ czechy czechia; DE niemcy germany;
    DK dania denmark; EE estonia;
    ES hiszpania spain; FI finlandia finland; FR francja france; GB uk; GR el grecja greece;
    HR chorwacja croatia; HU węgry hungary; IE irlandia ireland; IL izrael israel;
    IS islandia iceland; IT włochy italy; LT litwa lithuania; LU luksemburg luxembourg;
    LV łotwa latvia; MD mołdawia moldova; MT malta; NL holandia niderlandy netherlands;
    NO norwegia norway; PL polska poland; PT portugalia portugal; RO rumunia romania; RS serbia;
    SE szwecja sweden; SI słowenia slovenia; SK słowacja slovakia; TR turcja turkey türkiye;
    UA ukraina ukraine; US usa
"""
_NAMES_OF_SEVERAL_WORDS = {
    "czech republic": "CZ",
    "great britain": "GB",
    "republika czeska": "CZ",
    "stany zjednoczone": "US",
    "united kingdom": "GB",
    "united states": "US",
    "wielka brytania": "GB",
}


def _code_by_name() -> dict[str, str]:
    rows = (row.split() for row in _NAMES.split(";"))
    codes = {name: code for code, *names in rows for name in names}
    return codes | _NAMES_OF_SEVERAL_WORDS


_CODE_BY_NAME = _code_by_name()


def country_code(text: str) -> str | None:
    """The two letters of a country given by code or name, None if it is neither."""
    code = text.upper()
    if code in _CODES:
        return code
    return _CODE_BY_NAME.get(unicodedata.normalize("NFC", text).casefold())
