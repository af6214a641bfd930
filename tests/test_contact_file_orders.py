"""Rows of orders files."""

from datetime import date
from decimal import Decimal

import pytest

from surveys.contact_file import (
    ORDER_HEADINGS,
    BadRow,
    ColumnsMissing,
    ErrorCode,
    GoodRow,
    OrderRow,
    decode,
    error_file,
    match_columns,
    open_table,
    read_orders,
    sample_orders,
)


def read(data: bytes) -> list[GoodRow[OrderRow] | BadRow]:
    table = open_table(decode(data))
    return list(read_orders(table, match_columns(table.header, catalogue=ORDER_HEADINGS)))


def test_orders_of_a_polish_spreadsheet_are_read() -> None:
    lines = [
        "Firma;ID partnera;Miesiąc;Kwota;Linia produktowa",
        "Integra Śląsk;P-1;2026-11;1\u00a0234,50;Pamięci",
        "Halo;;15.11.2026;-20,00;",
    ]

    rows = read("\r\n".join(lines).encode("cp1250"))

    assert rows == [
        GoodRow(
            2,
            OrderRow(
                month=date(2026, 11, 1),
                amount=Decimal("1234.50"),
                partner_external_id="P-1",
                partner_name="Integra Śląsk",
                product_line="Pamięci",
            ),
        ),
        GoodRow(3, OrderRow(date(2026, 11, 1), Decimal("-20.00"), partner_name="Halo")),
    ]


def test_several_orders_of_one_month_are_several_rows() -> None:
    rows = read(b"partner_name,month,amount\nA,2026-11,1\nA,2026-11,1\n")

    assert [type(row) for row in rows] == [GoodRow, GoodRow]


def test_identifier_alone_names_the_partner() -> None:
    (row,) = read(b"partner_external_id,month,amount\nP-1,2026-11,1\n")

    assert isinstance(row, GoodRow)
    assert (row.values.partner_external_id, row.values.partner_name) == ("P-1", None)


def test_order_without_partner_month_or_amount_is_refused_for_each() -> None:
    rows = read(b"partner_name,month,amount,product_line\n,,,Storage\nA,2026-13,1.234,\n")

    assert [
        [(error.code, error.column) for error in row.errors]
        for row in rows
        if isinstance(row, BadRow)
    ] == [
        [
            (ErrorCode.ORDER_PARTNER_MISSING, "partner_name"),
            (ErrorCode.MONTH_MISSING, "month"),
            (ErrorCode.AMOUNT_MISSING, "amount"),
        ],
        [(ErrorCode.MONTH_UNREADABLE, "month"), (ErrorCode.AMOUNT_AMBIGUOUS, "amount")],
    ]


def test_orders_file_without_a_partner_column_is_refused() -> None:
    with pytest.raises(ColumnsMissing) as refused:
        read(b"month,amount\n2026-11,1\n")

    assert refused.value.groups == (("partner_name", "partner_external_id"),)


def test_error_file_of_orders_is_read_again_with_its_negative_amounts() -> None:
    table = open_table(decode(b"partner_name,month,amount\n,2026-11,-5\n"))
    rows = read_orders(table, match_columns(table.header, catalogue=ORDER_HEADINGS))
    written = b"".join(error_file(table, [row for row in rows if isinstance(row, BadRow)]))

    (row,) = read(written.replace(b"\n,2026", b"\nA,2026"))

    assert isinstance(row, GoodRow)
    assert row.values.amount == Decimal(-5)


@pytest.mark.parametrize("locale", ["pl", "en"])
def test_sample_orders_can_be_uploaded_as_they_are(locale: str) -> None:
    rows = read(sample_orders(locale))

    assert [row.values.amount for row in rows if isinstance(row, GoodRow)] == [
        Decimal("12500.00"),
        Decimal("860.50"),
    ]
