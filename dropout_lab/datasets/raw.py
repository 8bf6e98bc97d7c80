"""The bytes of a file as text: unpacked, and decoded in an encoding that is plain or asked for."""

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from pathlib import Path

from dropout_lab.core.errors import UserError

COMPRESSED = (".gz", ".bz2", ".xz", ".zip")
FOREIGN = 0.3
"""A text of which more than this share of letters are beyond ASCII is in another script than Windows-1252 has."""


def unpacked(file: Path) -> bytes:
    """What a file has, or the one file in it if it is compressed."""
    data, ending = file.read_bytes(), file.suffix.lower()
    if ending == ".zip":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = [name for name in archive.namelist() if not name.endswith("/") and not name.startswith("__MACOSX")]
            if len(names) != 1:
                raise UserError(f"{file}: has {len(names)} files, {', '.join(names)}; must have one")
            return archive.read(names[0])
    try:
        unpack = {".gz": gzip.decompress, ".bz2": bz2.decompress, ".xz": lzma.decompress}.get(ending)
        return data if unpack is None else unpack(data)
    except (EOFError, zlib.error, lzma.LZMAError) as error:
        raise OSError(f"is damaged: {error}") from error


def decoded(file: Path, data: bytes, wanted: str | None) -> tuple[str, str | None]:
    """The text, and what there is to say of its encoding where that was found: UTF-8 is what a file should have.

    Raises UserError, naming the line, for bytes that are no text in `wanted` or, without it, in an encoding that is
    plain: UTF-8, UTF-16, and Windows-1252 (of which Latin-1 is a part) where most letters are those of ASCII.
    """
    if wanted is not None:
        try:
            return data.decode(wanted), None
        except LookupError as error:
            raise UserError(f"dataset.read.encoding={wanted}: {error}") from error
        except UnicodeDecodeError as error:
            line = data[: error.start].count(10) + 1
            raise UserError(
                f"dataset.read.encoding={wanted}: {file}, line {line}: byte 0x{data[error.start]:02x} is none of it"
            ) from error
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16"), _said(file, "UTF-16", None)
    try:
        return data.decode("utf-8-sig"), None
    except UnicodeDecodeError as error:
        at = error.start
    if 0 in data:
        return data.decode("utf-16-le"), _said(file, "UTF-16", None)
    line = data[:at].count(10) + 1
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError:
        text = ""
    letters = [sign for sign in text[: 10**6] if sign.isalpha()]
    if not text or sum(ord(sign) > 127 for sign in letters) > FOREIGN * len(letters):
        raise UserError(
            f"{file}, line {line}: is no text in UTF-8 (byte 0x{data[at]:02x}), and which other encoding it has is not"
            " plain; give it, such as dataset.read={encoding:cp1251}"
        )
    begin = text.rfind("\n", 0, at) + 1
    word = max(
        text[begin:].split("\n", 1)[0].replace(";", " ").replace(",", " ").split(), key=lambda one: not one.isascii()
    )
    return text, _said(file, "Windows-1252", f"{word[:40]!r} (line {line})")


def utf8(file: Path, data: bytes) -> str:
    """The text. Raises UserError, naming the line, for bytes that are no text in UTF-8."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line, byte = data[: error.start].count(10) + 1, data[error.start]
        raise UserError(
            f"{file}, line {line}: cannot be read as text in UTF-8 (byte 0x{byte:02x}); save it in UTF-8"
        ) from error


def _said(file: Path, encoding: str, example: str | None) -> str:
    such = f", so that there is {example}" if example else ""
    return f"{file}: is read in {encoding}{such}; if it has another encoding, give dataset.read={{encoding:<its name>}}"
