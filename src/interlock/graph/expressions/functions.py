"""The functions that expressions may call: CEL's standard library and the extensions in use.

Kept as a table, so that an unknown name is found without the cost of a type check (20 µs instead
of 600). A test holds it against the engine.
"""

from difflib import get_close_matches

_GLOBALS = "bool bytes double duration dyn int matches size string timestamp type"
_METHODS = """
    charAt contains endsWith first format getDate getDayOfMonth getDayOfWeek getDayOfYear
    getFullYear getHours getMilliseconds getMinutes getMonth getSeconds hasValue indexOf join last
    lastIndexOf lowerAscii matches or orValue replace reverse size split startsWith substring trim
    upperAscii value
"""
_MATH = """
    abs bitAnd bitNot bitOr bitShiftLeft bitShiftRight bitXor ceil floor greatest isFinite isInf
    isNaN least round sign sqrt trunc
"""
# What macros and operators become in the tree; authors cannot write these names as functions.
_OPERATORS = """
    !_ -_ @in @not_strictly_false _!=_ _%_ _&&_ _*_ _+_ _-_ _/_ _<=_ _<_ _==_ _>=_ _>_ _?._ _?_:_
    _[?_] _[_] _||_ math.@max math.@min optional.none optional.of
"""

GLOBALS = frozenset(_GLOBALS.split())
METHODS = frozenset(_METHODS.split())
NAMESPACES: dict[str, frozenset[str]] = {
    "base64": frozenset({"decode", "encode"}),
    "math": frozenset(_MATH.split()),
    "optional": frozenset({"none", "of", "ofNonZeroValue"}),
    "strings": frozenset({"quote"}),
}
MACROS = frozenset({"all", "exists", "exists_one", "filter", "has", "map", "optFlatMap", "optMap"})
OPERATORS = frozenset(_OPERATORS.split())

# With an argument these read a date in a time zone.
ZONED = frozenset(name for name in METHODS if name.startswith("get"))
# These take an optional value, so whatever they are called on may be absent.
ON_OPTIONALS = frozenset({"hasValue", "or", "orValue", "value"})
# What other languages call them.
OTHER_NAMES = {
    "any": "exists",
    "count": "size",
    "every": "all",
    "float": "double",
    "includes": "contains",
    "len": "size",
    "length": "size",
    "lower": "lowerAscii",
    "number": "double",
    "some": "exists",
    "str": "string",
    "strip": "trim",
    "tolowercase": "lowerAscii",
    "tostring": "string",
    "touppercase": "upperAscii",
    "upper": "upperAscii",
}
# What other languages call it.
ELSEWHERE = {
    "count": "`size(x)`",
    "float": "`double(x)`",
    "len": "`size(x)`",
    "length": "`size(x)`",
    "not": "`!x`",
    "str": "`string(x)`",
}


def nearest_function(name: str) -> str | None:
    """Propose a known function for an unknown name."""
    if name.lower() in OTHER_NAMES:
        return OTHER_NAMES[name.lower()]
    known = GLOBALS | METHODS | MACROS | {name for names in NAMESPACES.values() for name in names}
    lowered = {each.lower(): each for each in sorted(known)}
    found = get_close_matches(name.lower(), lowered, n=1, cutoff=0.8)
    return lowered[found[0]] if found else None
