"""The documentation strings of Python's standard library: English with code in it, which every installation has.

Those of 71 modules, of their classes and functions, as `ast.get_docstring` reads them from the source, each once. They
depend on the version of Python, but hardly: in 3.11.2, 3.11.7, 3.12.1 and 3.13.0 all of them are the same, 1,135
strings with 314,402 characters, or 70,000 words and marks. They stand in the order of a hash of themselves: every part
of the text is about the same things, and a string that changes with a version moves no other.
"""

import ast
import hashlib
import sysconfig
from collections.abc import Sequence
from pathlib import Path

from dropout_lab.core.errors import UserError

MODULES = """
    __future__ _py_abc _pyio _threading_local asyncio/futures asyncio/protocols asyncio/selector_events asyncio/sslproto
    asyncio/staggered bz2 cmd codecs codeop compileall contextlib curses/textpad dbm/dumb difflib email/_encoded_words
    email/_parseaddr email/base64mime email/feedparser email/generator email/header email/headerregistry email/message
    email/parser email/policy email/quoprimime fnmatch getopt graphlib heapq hmac html/parser http/cookiejar
    http/cookies io json/__init__ json/decoder linecache lzma multiprocessing/managers multiprocessing/pool
    multiprocessing/process operator optparse pickle pickletools profile py_compile pyclbr quopri rlcompleter runpy
    secrets socketserver sqlite3/__init__ string textwrap tracemalloc urllib/parse urllib/robotparser weakref
    wsgiref/handlers wsgiref/headers wsgiref/util wsgiref/validate xmlrpc/client xmlrpc/server zipapp
""".split()  # noqa: SIM905
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def documentation(folder: str | None = None) -> Sequence[str]:
    """The strings in their order, of the library in `folder`, by default this Python's. Modules that it does not have
    are left out. Raises UserError if it has none, as where Python is installed without its source."""
    library = Path(folder or sysconfig.get_path("stdlib"))
    found: set[str] = set()
    for name in MODULES:
        file = library / f"{name}.py"
        if file.is_file():
            tree = ast.parse(file.read_text(encoding="utf-8"))
            strings = (ast.get_docstring(node) for node in ast.walk(tree) if isinstance(node, DOCUMENTED))
            found |= {string for string in strings if string}
    if not found:
        raise UserError(
            f"dataset=text: this Python has no source of its library in {library}; give a text with dataset.path="
        )
    return sorted(found, key=lambda string: hashlib.blake2b(string.encode()).digest())
