"""What a file is, told by its content: a name proves nothing."""

import io
import json
import zipfile
from collections.abc import Callable

KINDS = {
    "pdf": "application/pdf",
    "png": "image/png",
    "jpg": "image/jpeg",
    "txt": "text/plain; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}
_ALSO = {"jpeg": "jpg"}
_TEXT = frozenset(map(chr, range(32))) - set("\t\n\r\f")
_MOST_PARTS = 10_000


def kind_of(name: str, content: bytes) -> str:
    """The kind (a key of KINDS) of a file whose content is what its name says.

    Raises ValueError with a sentence for every other file.
    """
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    kind = _ALSO.get(ending, ending)
    if kind not in KINDS:
        raise ValueError(f"Files of these kinds can be filed: {', '.join(KINDS)}.")
    if not content:
        raise ValueError("The file is empty.")
    if not _IS[kind](content):
        raise ValueError(f"The content is not that of a .{ending} file.")
    return kind


def _starts(with_: bytes) -> Callable[[bytes], bool]:
    return lambda content: content.startswith(with_)


def _is_text(content: bytes) -> bool:
    try:
        return not _TEXT & set(content.decode())
    except UnicodeDecodeError:
        return False


def _is_json(content: bytes) -> bool:
    try:
        json.loads(content)
    except (ValueError, RecursionError):
        return False
    return True


def _holds(part: str) -> Callable[[bytes], bool]:
    """An Office document with this part in it, and without macros."""

    def holds(content: bytes) -> bool:
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                parts = archive.namelist()
        except (zipfile.BadZipFile, ValueError, NotImplementedError):
            return False
        return (
            {"[Content_Types].xml", part} <= set(parts)
            and len(parts) <= _MOST_PARTS
            and not any(name.lower().endswith("vbaproject.bin") for name in parts)
        )

    return holds


_IS: dict[str, Callable[[bytes], bool]] = {
    "pdf": _starts(b"%PDF-"),
    "png": _starts(b"\x89PNG\r\n\x1a\n"),
    "jpg": _starts(b"\xff\xd8\xff"),
    "txt": _is_text,
    "csv": _is_text,
    "json": _is_json,
    "xlsx": _holds("xl/workbook.xml"),
    "docx": _holds("word/document.xml"),
}
