"""The names of time zones: IANA names, their aliases and Windows names (docs/api.md, "Contacts").

The names come from the tz database of the package ``tzdata`` and not from the machine, so that they are the same everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources

from outreach import text

# Names in the database that no place has; ``localtime`` and ``posixrules`` are files on machines and no names.
_NOT_ZONES = frozenset({"Factory"})


# Old names of places. Their zones share data with a place in another country, and the database's links lead there. The comments
# of the database's files ``backward`` and ``backzone`` name the places, but the package's database has no comments.
_OLD_NAMES = {
    "Africa/Asmera": "Africa/Asmara",
    "Africa/Timbuktu": "Africa/Bamako",
    "America/Coral_Harbour": "America/Atikokan",
    "America/Virgin": "America/St_Thomas",
    "Antarctica/South_Pole": "Antarctica/McMurdo",
    "Atlantic/Jan_Mayen": "Arctic/Longyearbyen",
    "Iceland": "Atlantic/Reykjavik",
    "Pacific/Ponape": "Pacific/Pohnpei",
    "Pacific/Truk": "Pacific/Chuuk",
    "Pacific/Yap": "Pacific/Chuuk",
}


def canonical(name: str) -> str | None:
    """Return the canonical IANA name of a time zone, or ``None`` for a text that is not a time zone.

    A name of the database's table of places is canonical, such as ``Europe/Oslo``, even where the database shares its data with
    another place. Other aliases, such as ``Asia/Calcutta``, are replaced, by a name of the same country.

    Args:
        name: an IANA name, an alias or a Windows name, in any case.
    """
    return _names().get(text.comparison_key(name))


@cache
def _names() -> Mapping[str, str]:
    from tzlocal.windows_tz import win_tz

    links, zones, places = dict(_links()) | _OLD_NAMES, set(_zones()), set(_places())
    names = {name: _target(name, links, places) for name in (zones | links.keys() | places) - _NOT_ZONES}
    windows = {text.comparison_key(name): names[zone] for name, zone in win_tz.items()}
    return windows | {text.comparison_key(name): zone for name, zone in names.items()}


def _target(name: str, links: Mapping[str, str], places: set[str]) -> str:
    while name in links and name not in places:
        name = links[name]
    return name


def _links() -> Iterator[tuple[str, str]]:
    """Yield the aliases of the database, each with the name that it refers to."""
    return ((line.split()[2], line.split()[1]) for line in _lines("tzdata.zi") if line.startswith("L "))


def _zones() -> Iterator[str]:
    return (line.split()[1] for line in _lines("tzdata.zi") if line.startswith("Z "))


def _places() -> Iterator[str]:
    """Yield the names of the database's table of places: country, coordinates, name."""
    return (line.split("\t")[2] for line in _lines("zone.tab") if not line.startswith("#"))


def _lines(file: str) -> list[str]:
    return (resources.files("tzdata") / "zoneinfo" / file).read_text("utf-8").splitlines()
