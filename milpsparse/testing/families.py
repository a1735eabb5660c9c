"""What the kit asks of a family of instances."""

from __future__ import annotations

from milpsparse import library
from milpsparse.bounds import lower_bounds
from milpsparse.errors import MilpsparseError
from milpsparse.family import Family, generate
from milpsparse.instance import Instance
from milpsparse.instance_files import from_json, to_json
from milpsparse.method import Option
from milpsparse.objective import parse_objective
from milpsparse.testing.kit import Question, Skipped, Wrong, is_text, require

SEEDS = range(3)


def declares(name: str, family: Family) -> None:
    """The fields are what they should be."""
    require(is_text(family.summary), "its summary is no text")
    reason = family.missing()
    require(reason is None or is_text(reason), f"missing() gives {reason!r}: None or a reason")
    wrong = [key for key, option in family.params.items() if not isinstance(option, Option)]
    require(not wrong, f"parameters that are no Option: {', '.join(wrong)}")
    for member in family.library:
        unknown = set(member.params) - set(family.params)
        require(not unknown, f"a member of its library has {', '.join(sorted(unknown))}")


def seed(name: str, family: Family) -> None:
    """The same seed gives the same instance, name and known values."""
    _here(family)
    for number in SEEDS:
        first, second = (to_json(generate(name, number)) for _ in range(2))
        require(first == second, f"seed {number}: two instances")


def names(name: str, family: Family) -> None:
    """Instances that differ have names that differ."""
    seen: dict[str, str] = {}
    for instance in _instances(name, family):
        require(is_text(instance.name), "an instance without a name")
        same = seen.setdefault(instance.name, instance.sha256) == instance.sha256
        require(same, f"two instances are named {instance.name}")


def files(name: str, family: Family) -> None:
    """Reading back what was written gives the same instance."""
    for instance in _instances(name, family):
        text = to_json(instance)
        back = from_json(text)
        require(back.sha256 == instance.sha256, f"{instance.name}: another hash when read back")
        require(to_json(back) == text, f"{instance.name}: other fields when read back")


def known(name: str, family: Family) -> None:
    """No known value is below a lower bound that is a theorem."""
    for instance in _instances(name, family):
        for entry in instance.known:
            objective = parse_objective(entry["objective"])
            if entry["status"] not in ("opt", "best") or entry["value"] is None:
                continue
            for bound in lower_bounds(instance, objective):
                if bound.evidence != "theorem":
                    continue
                value, least = float(entry["value"]), float(bound.value)
                said = f"{instance.name}: {objective} {value:g} below the proved {least:g}"
                require(value >= least - 1e-6 * max(1.0, least), said)


def refusal(name: str, family: Family) -> None:
    """Absurd parameters are refused with a message, or give an instance."""
    _here(family)
    for key, option in family.params.items():
        if isinstance(option.default, bool) or not isinstance(option.default, (int, float)):
            continue
        for value in (0, -1):
            try:
                generate(name, 0, **{key: type(option.default)(value)})
            except MilpsparseError:
                continue
            except Exception as error:
                raise Wrong(f"{key}={value}: {type(error).__name__}: {error}") from None


def members(name: str, family: Family) -> None:
    """Members of the library are there; those of the shipped index have its hash."""
    _here(family)
    index = library.index()["instances"]
    for member in family.library:
        instance = generate(name, member.seed, **member.params)
        entry = index.get(instance.name)
        if entry is not None and entry["family"] == name:
            require(entry["sha256"] == instance.sha256, f"{instance.name} is not the library's")


def _here(family: Family) -> None:
    """Skip where the family needs a package that is not here."""
    if reason := family.missing():
        raise Skipped(reason)


def _instances(name: str, family: Family) -> list[Instance]:
    _here(family)
    return [generate(name, number) for number in SEEDS] + [
        generate(name, member.seed, **member.params) for member in family.library
    ]


FAMILY = (
    Question("declares", "its fields are what they should be", declares),
    Question("seed", "the same seed gives the same instance", seed),
    Question("names", "instances that differ have other names", names),
    Question("files", "instances are read back as written", files),
    Question("known", "known values agree with the theorems", known),
    Question("refusal", "absurd parameters are refused", refusal),
    Question("members", "members of the library are as they were", members),
)
