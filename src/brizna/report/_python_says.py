"""What Python's own library and the system say in English of what they cannot read or write.

An error of ours quotes them as its reason; whoever reads in another language reads them in it too.
The texts are those of CPython 3.11 to 3.14 (``json``, ``tomllib``, ``codecs``) and of the GNU C
library (``errno``); one that is not listed stays as it is.
"""

from __future__ import annotations

from brizna.report._stored import N_

PYTHON_SAYS = (
    # json
    N_("{what}: line {line} column {column} (char {place})"),
    N_("Expecting value"),
    N_("Expecting property name enclosed in double quotes"),
    N_("Expecting ':' delimiter"),
    N_("Expecting ',' delimiter"),
    N_("Extra data"),
    N_("Illegal trailing comma before end of object"),
    N_("Illegal trailing comma before end of array"),
    N_("Unterminated string starting at"),
    N_("Invalid control character at"),
    N_("Invalid control character {character} at"),
    N_("Invalid \\escape"),
    N_("Invalid \\escape: {character}"),
    N_("Unexpected UTF-8 BOM (decode using utf-8-sig)"),
    # tomllib
    N_("{what} (at line {line}, column {column})"),
    N_("{what} (at end of document)"),
    N_("Cannot declare {key} twice"),
    N_("Cannot overwrite a value"),
    N_("Expected '=' after a key in a key/value pair"),
    N_("Expected ']' at the end of a table declaration"),
    N_("Expected ']]' at the end of an array declaration"),
    N_("Expected newline or end of document after a statement"),
    N_("Found invalid character {character}"),
    N_("Illegal character {character}"),
    N_("Invalid date or datetime"),
    N_("Invalid initial character for a key part"),
    N_("Invalid statement"),
    N_("Invalid value"),
    N_("Unclosed array"),
    N_("Unclosed inline table"),
    N_("Unescaped '\\' in a string"),
    N_("Unterminated string"),
    # codecs
    N_("'{codec}' codec can't decode byte {byte} in position {place}: {what}"),
    N_("'{codec}' codec can't decode bytes in position {place}: {what}"),
    N_("'{codec}' codec can't encode character {character} in position {place}: {what}"),
    N_("invalid start byte"),
    N_("invalid continuation byte"),
    N_("unexpected end of data"),
    N_("ordinal not in range(128)"),
    N_("surrogates not allowed"),
    # errno
    N_("[Errno {number}] {what}: {name}"),
    N_("[Errno {number}] {what}"),
    N_("Address already in use"),
    N_("Cannot assign requested address"),
    N_("Connection refused"),
    N_("Connection reset by peer"),
    N_("Device or resource busy"),
    N_("Directory not empty"),
    N_("Disk quota exceeded"),
    N_("Exec format error"),
    N_("File exists"),
    N_("File name too long"),
    N_("File too large"),
    N_("Input/output error"),
    N_("Invalid argument"),
    N_("Invalid cross-device link"),
    N_("Is a directory"),
    N_("No space left on device"),
    N_("No such device"),
    N_("No such device or address"),
    N_("No such file or directory"),
    N_("Not a directory"),
    N_("Operation not permitted"),
    N_("Permission denied"),
    N_("Read-only file system"),
    N_("Too many levels of symbolic links"),
    N_("Too many open files"),
    N_("timed out"),
)
