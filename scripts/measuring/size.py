"""What the release binary takes, and what it must not hold."""
import collections
import os
import re
import tempfile

from .process import output_of

SWIFT = re.compile(r"^\$s(?:[A-Z]*?)(\d+)(\w+)")


def module_of(symbol):
    """The module that a symbol belongs to, by its mangled name."""
    if symbol.startswith("$sS") or symbol.startswith("$ss") or symbol.startswith("swift_") or "5swift" in symbol[:10]:
        return "Swift runtime and standard library"
    mangled = SWIFT.match(symbol)
    if mangled:
        return mangled[2][: int(mangled[1])]
    for prefix in ("CNIOBoringSSL", "CCryptoBoringSSL"):
        if prefix in symbol:
            return prefix
    return "C, C++ and what has no name"


def measure(binary):
    modules = collections.Counter()
    icu = 0
    for line in output_of(["nm", "--defined-only", "--print-size", binary]).splitlines():
        fields = line.split()
        icu += "icudt" in fields[-1]
        if len(fields) == 4:
            modules[module_of(fields[3])] += int(fields[1], 16)
    linked = output_of(["ldd", binary]).splitlines()
    with tempfile.TemporaryDirectory() as folder:
        stripped = os.path.join(folder, "stripped")
        output_of(["strip", "-o", stripped, binary])
        total = os.path.getsize(stripped)
    named = [(module, size / 1e6) for module, size in modules.most_common(15)]
    rest = total / 1e6 - sum(size for _, size in named)
    return {
        "icu_symbols": icu,
        "foundation_libraries": sum("Foundation" in line for line in linked),
        "stripped_mb": total / 1e6,
        "modules": [*named, ("the rest: tables for unwinding, relocations, small modules", rest)],
    }
