"""Reading the files in which people bring their contacts and orders.

Bytes become text (`decoding`), text becomes rows of cells (`table`), headings become fields
(`headings`, `columns`), rows become values or reasons (`values`, `addresses`, `countries`, `rows`,
then `contacts` and `orders`). What is refused leaves as a file that can be corrected and uploaded
again (`errors_file`, `formulas`); codes and sentences are in `problems`, files to start from in
`samples`.

Nothing here touches the database, the network or the disk: `surveys/contacts.py` decides what an
import does with the rows.
"""

from surveys.contact_file.addresses import Address
from surveys.contact_file.columns import (
    ATTRIBUTE,
    ATTRIBUTE_PREFIX,
    SKIP,
    UNDECIDED,
    Column,
    ColumnMapping,
    ColumnsMissing,
    ColumnState,
    UnknownTarget,
    match_columns,
)
from surveys.contact_file.contacts import ContactRow, Known, read_contacts
from surveys.contact_file.decoding import MAX_FILE_BYTES, Decoded, Encoding, decode
from surveys.contact_file.errors_file import error_file
from surveys.contact_file.headings import (
    CONTACT_HEADINGS,
    ORDER_HEADINGS,
    ContactField,
    OrderField,
)
from surveys.contact_file.orders import OrderRow, read_orders
from surveys.contact_file.problems import (
    ERROR_TEXTS,
    FILE_TEXTS,
    ErrorCode,
    FileProblem,
    FileRefused,
    RowError,
    error_text,
    file_text,
)
from surveys.contact_file.rows import BadRow, GoodRow, ImportCounts
from surveys.contact_file.samples import sample_contacts, sample_orders
from surveys.contact_file.table import Separator, Table, count_rows, example_cells, open_table
from surveys.contact_file.values import BOUNCED, OPTED_OUT, REACHABLE

__all__ = [
    "ATTRIBUTE",
    "ATTRIBUTE_PREFIX",
    "BOUNCED",
    "CONTACT_HEADINGS",
    "ERROR_TEXTS",
    "FILE_TEXTS",
    "MAX_FILE_BYTES",
    "OPTED_OUT",
    "ORDER_HEADINGS",
    "REACHABLE",
    "SKIP",
    "UNDECIDED",
    "Address",
    "BadRow",
    "Column",
    "ColumnMapping",
    "ColumnState",
    "ColumnsMissing",
    "ContactField",
    "ContactRow",
    "Decoded",
    "Encoding",
    "ErrorCode",
    "FileProblem",
    "FileRefused",
    "GoodRow",
    "ImportCounts",
    "Known",
    "OrderField",
    "OrderRow",
    "RowError",
    "Separator",
    "Table",
    "UnknownTarget",
    "count_rows",
    "decode",
    "error_file",
    "error_text",
    "example_cells",
    "file_text",
    "match_columns",
    "open_table",
    "read_contacts",
    "read_orders",
    "sample_contacts",
    "sample_orders",
]
