"""The one door for everything that comes from outside: JSON, link tokens, CSV and npz files.

Whatever arrives here may have been made to do harm. So sizes are checked before contents, contents
before they are believed, and every refusal is a ValueError of one sentence that repeats at most
60 characters of what it refuses. Only the standard library and numpy are used.
"""

from fedplay.untrusted.csv_file import SEPARATORS, csv_bytes, csv_rows, csv_text, rows_between
from fedplay.untrusted.json_text import JSON_BYTES, json_object
from fedplay.untrusted.link_tokens import TOKEN_PREFIX, decode_token, encode_token, token_in
from fedplay.untrusted.npz_file import Header, npz
from fedplay.untrusted.regular_files import file_bytes
from fedplay.untrusted.text import check_told_name, escape, quoted

__all__ = [
    "JSON_BYTES",
    "SEPARATORS",
    "TOKEN_PREFIX",
    "Header",
    "check_told_name",
    "csv_bytes",
    "csv_rows",
    "csv_text",
    "decode_token",
    "encode_token",
    "escape",
    "file_bytes",
    "json_object",
    "npz",
    "quoted",
    "rows_between",
    "token_in",
]
