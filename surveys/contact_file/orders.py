"""What a row of an orders file says: who ordered for how much in which month.

Several rows of one partner, month and product line are several orders and are added up by whoever
stores them. Whether the partner exists is decided there too.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from surveys.contact_file.columns import ColumnMapping
from surveys.contact_file.contacts import MAX_COMPANY_NAME, MAX_TEXT
from surveys.contact_file.headings import OrderField
from surveys.contact_file.problems import ErrorCode, RowError
from surveys.contact_file.rows import (
    BadRow,
    GoodRow,
    ParsedRow,
    RowRefused,
    mapped_columns,
    read_table,
)
from surveys.contact_file.table import Table
from surveys.contact_file.values import Parser, amount_of, month_of, text_of


@dataclass(frozen=True, slots=True)
class OrderRow:
    """A valid row: the partner by name, identifier or both.

    `month` is its first day, `product_line` '' when the file names none.
    """

    month: date
    amount: Decimal
    partner_external_id: str | None = None
    partner_name: str | None = None
    product_line: str = ""


_PARSERS: Mapping[str, Parser] = {
    OrderField.PARTNER_EXTERNAL_ID: text_of(MAX_TEXT),
    OrderField.PARTNER_NAME: text_of(MAX_COMPANY_NAME),
    OrderField.MONTH: month_of,
    OrderField.AMOUNT: amount_of,
    OrderField.PRODUCT_LINE: text_of(MAX_TEXT),
}

_NEEDED = (
    ({OrderField.PARTNER_NAME, OrderField.PARTNER_EXTERNAL_ID}, ErrorCode.ORDER_PARTNER_MISSING),
    ({OrderField.MONTH}, ErrorCode.MONTH_MISSING),
    ({OrderField.AMOUNT}, ErrorCode.AMOUNT_MISSING),
)


def read_orders(table: Table, mapping: ColumnMapping) -> Iterator[GoodRow[OrderRow] | BadRow]:
    """Read the rows of an orders file as a stream.

    `mapping` comes from `match_columns(..., catalogue=ORDER_HEADINGS)`. Raises ColumnsMissing
    before the first row.
    """
    mapping.refuse_incomplete()
    columns = mapped_columns(mapping, _PARSERS.__getitem__)

    def build(row: ParsedRow) -> OrderRow:
        errors = _missing(row, mapping)
        if errors or row.refused:
            raise RowRefused(errors)
        return OrderRow(**row.values)

    return read_table(table, columns, build)


def _missing(row: ParsedRow, mapping: ColumnMapping) -> list[RowError]:
    present = row.values.keys() | row.refused
    return [
        RowError(code, next(filter(None, map(mapping.heading_of, sorted(targets))), None))
        for targets, code in _NEEDED
        if targets.isdisjoint(present)
    ]
