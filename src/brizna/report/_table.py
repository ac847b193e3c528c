"""Tables of text: plain columns for files and pipes, rich ones where a terminal shows colour."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_BETWEEN = "  "


class Table:
    """Rows of text under a header.

    Attributes:
        header: The names of the columns.
        rows: Each with one text a column.
        right: Columns of numbers, set flush right.
    """

    __slots__ = ("header", "right", "rows")

    def __init__(
        self, header: Sequence[str], rows: Iterable[Sequence[str]], *, right: Iterable[int] = ()
    ) -> None:
        self.header = tuple(header)
        self.rows = [tuple(row) for row in rows]
        self.right = frozenset(right)

    def lines(self, *, width: int, color: bool) -> list[str]:
        """Return the table's lines, wrapped to the width only where a terminal shows colour."""
        return self._rich_lines(width) if color else self._plain_lines()

    def _plain_lines(self) -> list[str]:
        every = [self.header, *self.rows] if any(self.header) else self.rows
        widths = [max(map(len, column)) for column in zip(*every, strict=True)]
        return [
            _BETWEEN.join(
                cell.rjust(size) if at in self.right else cell.ljust(size)
                for at, (cell, size) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in every
        ]

    def _rich_lines(self, width: int) -> list[str]:
        from io import StringIO

        from rich.console import Console
        from rich.table import Table as RichTable
        from rich.text import Text

        made = RichTable(box=None, pad_edge=False, show_header=any(self.header), header_style="dim")
        for at, name in enumerate(self.header):
            made.add_column(
                Text(name),
                justify="right" if at in self.right else "left",
                style="bold" if at == 0 else "",
                overflow="fold",
            )
        for row in self.rows:
            made.add_row(*map(Text, row))
        page = StringIO()
        console = Console(
            file=page,
            width=width,
            force_terminal=True,
            color_system="standard",
            legacy_windows=False,
            highlight=False,
            _environ={},
        )
        console.print(made)
        return [line.rstrip() for line in page.getvalue().splitlines()]
