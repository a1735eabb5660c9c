"""Family: a seeded, versioned generator of instances; one a file in families/."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from milpsparse import registry
from milpsparse.errors import BadInput, NotAvailable, UnknownName
from milpsparse.instance import Instance
from milpsparse.method import Option
from milpsparse.network import Network

MOST = 50_000_000  # the largest size that a parameter may ask for


@dataclass(frozen=True)
class Member:
    """One instance of the library: a seed and the parameters that differ from their defaults."""

    seed: int = 0
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Family:
    """A generator: FAMILY in a file of families/.

    `generate(seed, **params)` gives the same instance for the same arguments; a change of what it
    gives is a new `version`. `library` lists the members that the instance library holds. `missing`
    says why it cannot generate here (a package that is not installed), or None. `tags` are those
    of all its instances. `network(seed, **params)` is a network through the points that the family
    knows of (a teacher, a construction), exact, or None: an upper bound, no more.
    """

    summary: str
    generate: Callable[..., Instance]
    params: Mapping[str, Option] = field(default_factory=dict)
    library: tuple[Member, ...] = ()
    version: int = 1
    missing: Callable[[], str | None] = lambda: None
    tags: tuple[str, ...] = ()
    network: Callable[..., Network | None] | None = None


def generate(family: str, seed: int = 0, **params: Any) -> Instance:
    """An instance of a family; values given as text are parsed.

    Raises
    ------
    UnknownName, BadInput, NotAvailable
        Unknown family or parameter, a value that makes no instance, or a package that is missing.
    """
    rule: Family = registry.load("families", family)
    values = _values(family, rule, params)
    if reason := rule.missing():
        raise NotAvailable(f"{family} cannot generate here: {reason}")
    if seed < 0:
        raise BadInput(f"seed {seed}: seeds are 0, 1, 2, ...")
    try:
        instance = rule.generate(seed, **values)
    except (MemoryError, OverflowError, ValueError) as error:  # numpy's words for absurd sizes
        raise BadInput(f"{family} cannot make this instance: {error}") from None
    provenance = {"family_version": rule.version, "seed": seed, "params": values}
    object.__setattr__(instance, "family", family)
    object.__setattr__(instance, "provenance", {**provenance, **instance.provenance})
    return instance


def network_of(family: str, seed: int, **params: Any) -> Network | None:
    """The network that a family knows of, for the arguments that gave an instance."""
    rule: Family = registry.load("families", family)
    return None if rule.network is None else rule.network(seed, **_values(family, rule, params))


def _values(family: str, rule: Family, params: Mapping[str, Any]) -> dict[str, Any]:
    """All parameters: those given, parsed, and the defaults of the others."""
    values = {name: option.default for name, option in rule.params.items()}
    for name, value in params.items():
        if name not in rule.params:
            raise UnknownName(f"parameter of {family}", name, rule.params)
        text = isinstance(value, str) and not isinstance(values[name], str)
        values[name] = rule.params[name].parse(name, value) if text else value
    return values


def at_least(**lowest: tuple[int, int]) -> None:
    """Refuse parameters below their lowest value, or beyond any memory: at_least(N=(N, 2))."""
    for name, (value, low) in lowest.items():
        if value > MOST:
            raise BadInput(f"parameter {name}={value}: at most {MOST:,}")
        if value < low:
            raise BadInput(f"parameter {name}={value}: at least {low}")
