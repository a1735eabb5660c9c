"""A and B: the same problems before and after a change, paired: what is faster, lost or wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from milpsparse.analysis.costs import costs
from milpsparse.analysis.outcomes import (
    KEYS,
    failed,
    proved,
    refuted,
    solved,
)
from milpsparse.analysis.paired import changes, ratio, wilcoxon
from milpsparse.analysis.seeds import average
from milpsparse.errors import BadInput
from milpsparse.judge import TOLERANCE

if TYPE_CHECKING:
    import pandas as pd

PAIR = [*KEYS, "method"]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What `compare` finds; lists name instance, objective, method and what happened."""

    pairs: pd.DataFrame  # one row a pair: its columns of A and B end in _a and _b
    methods: pd.DataFrame  # one line a method, and one for all of them
    lost_proofs: list[str]
    gained_proofs: list[str]
    new_wrong_claims: list[str]
    worse_values: list[str]
    better_values: list[str]
    only_a: list[str]
    only_b: list[str]
    changed_instances: list[str]

    @property
    def holds(self) -> bool:
        """Whether B lost no proof and claims nothing wrong that A does not."""
        return not (self.lost_proofs or self.new_wrong_claims)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, without the pairs."""
        names = [name for name in self.__dataclass_fields__ if name not in ("pairs", "methods")]
        lines = self.methods.astype(object).where(self.methods.notna(), None)
        return {
            "pairs": len(self.pairs),
            "holds": self.holds,
            "methods": lines.to_dict("records"),
            **{name: getattr(self, name) for name in names},
        }


def compare(
    a: pd.DataFrame,
    b: pd.DataFrame,
    methods: tuple[str, str] | None = None,
    *,
    shift: float = 1.0,
    relative: float = 0.1,
    absolute_s: float = 0.1,
    seed: int = 0,
) -> Comparison:
    """Pair the rows of A and B by instance, objective and method, and compare them.

    Seeds are averaged first. Unsolved and refused runs are charged the limit, wrong answers ten;
    what both refuse is no pair. A proof is lost where A's run is solved and B's is not, or rests on
    a claim where A's rests on a proof. A wrong claim is new where B's run is wrong and its partner
    in A is not; lower bounds of B are compared with the verified networks of A, too.

    Parameters
    ----------
    a, b
        Frames of runs, see `read_rows`.
    methods
        The method of A and the one of B to compare; without it, each is compared with itself.
    shift
        Of the geometric means and of Wilcoxon's test, in seconds.
    relative, absolute_s
        Times are close unless they differ by more than both of these.
    seed
        Of the bootstrap.

    Raises
    ------
    BadInput
        Nothing pairs, or the time limits differ.
    """
    if methods is not None:
        a, b = _only(a, methods[0], "A"), _only(b, methods[1], "B")
    a, b, changed = _same_instances(a, b)
    facts_a, facts_b = _facts(a, b), _facts(b, a)
    if methods is not None:
        name = methods[0] if methods[0] == methods[1] else " -> ".join(methods)
        facts_a, facts_b = facts_a.assign(method=name), facts_b.assign(method=name)
    pairs = facts_a.merge(facts_b, on=PAIR, suffixes=("_a", "_b"))
    pairs = pairs[pairs["ran_a"] | pairs["ran_b"]].reset_index(drop=True)
    _refuse(pairs, facts_a, facts_b)
    pairs["change"] = changes(pairs["cost_a"], pairs["cost_b"], relative, absolute_s)
    both = pairs.set_index(PAIR).index
    return Comparison(
        pairs=pairs,
        methods=_lines(pairs, shift, seed),
        lost_proofs=_named(pairs[pairs["proof_b"] < pairs["proof_a"]], _end),
        gained_proofs=_named(pairs[pairs["proof_b"] > pairs["proof_a"]], _end),
        new_wrong_claims=_new_wrong(pairs, facts_b),
        worse_values=_named(pairs[_worse(pairs["value_a"], pairs["value_b"])], _values),
        better_values=_named(pairs[_worse(pairs["value_b"], pairs["value_a"])], _values),
        only_a=_names(facts_a[facts_a["ran"] & ~facts_a.set_index(PAIR).index.isin(both)]),
        only_b=_names(facts_b[facts_b["ran"] & ~facts_b.set_index(PAIR).index.isin(both)]),
        changed_instances=changed,
    )


def _only(rows: pd.DataFrame, method: str, whose: str) -> pd.DataFrame:
    """The rows of one method."""
    from milpsparse.errors import UnknownName

    found = rows[rows["method"] == method]
    if found.empty:
        raise UnknownName(f"method in {whose}", method, rows["method"].unique())
    return found


def _same_instances(
    a: pd.DataFrame, b: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """Both without the instances that have one name and different data; and these."""
    hashes = [rows.groupby("instance")["instance_sha256"].first() for rows in (a, b)]
    first, second = hashes[0].align(hashes[1], join="inner")
    changed = sorted(map(str, first.index[first.notna() & second.notna() & (first != second)]))
    return a[~a["instance"].isin(changed)], b[~b["instance"].isin(changed)], changed


def _facts(rows: pd.DataFrame, others: pd.DataFrame) -> pd.DataFrame:
    """What is compared of each run, seeds averaged; the others may refute its lower bound."""
    import pandas as pd

    runs = average(rows)
    everything = pd.concat([runs, others], ignore_index=True)
    refutes = refuted(everything).to_numpy()[: len(runs)]
    reason = runs["fail_reason"].where(failed(runs) | ~refutes, "above a verified network")
    return runs[PAIR].assign(
        limit=runs["time_limit_s"],
        seconds=runs["wall_time_s"],
        cost=costs(runs),
        proof=solved(runs).astype(int) + proved(runs).astype(int),
        wrong=failed(runs) | refutes,
        verdict=runs["verdict"],
        reason=reason.fillna(""),
        termination=runs["termination"],
        ran=runs["termination"] != "not_available",
        value=runs["primal_bound"],
        bound=runs[["dual_bound", "claimed_dual_bound"]].max(axis=1),
    )


def _refuse(pairs: pd.DataFrame, a: pd.DataFrame, b: pd.DataFrame) -> None:
    """Nothing to compare, or times under different limits."""
    if pairs.empty:
        where = [
            f"{name} has {_some(rows['instance'])} by {_some(rows['method'])}"
            for name, rows in (("A", a), ("B", b))
        ]
        raise BadInput(f"nothing pairs: {'; '.join(where)} (--methods X Y pairs two methods)")
    differ = pairs[pairs["limit_a"] != pairs["limit_b"]]
    if len(differ):
        first = differ.iloc[0]
        limits = f"{first['limit_a']:g} s in A, {first['limit_b']:g} s in B"
        raise BadInput(
            f"time limits differ on {len(differ)} of {len(pairs)} pairs, such as "
            f"{first['instance']}: {limits}; run both under one limit"
        )


def _some(values: pd.Series[str]) -> str:
    names = sorted(values.unique())
    return (
        ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "") or "none"
    )


def _lines(pairs: pd.DataFrame, shift: float, seed: int) -> pd.DataFrame:
    """One line for all pairs and one a method."""
    import pandas as pd

    parts = [("all", pairs), *((str(m), part) for m, part in pairs.groupby("method"))]
    return pd.DataFrame([_line(name, part, shift, seed) for name, part in parts])


def _line(name: str, pairs: pd.DataFrame, shift: float, seed: int) -> dict[str, Any]:
    x, y = pairs["cost_a"].to_numpy(float), pairs["cost_b"].to_numpy(float)
    mean, interval = ratio(x, y, pairs["instance"], shift, seed=seed)
    low, high = interval or (None, None)
    return {
        "method": name,
        "pairs": len(pairs),
        "better": int((pairs["change"] > 0).sum()),
        "close": int((pairs["change"] == 0).sum()),
        "worse": int((pairs["change"] < 0).sum()),
        "ratio": mean,
        "ratio_low": low,
        "ratio_high": high,
        "wilcoxon_p": wilcoxon(x, y, shift),
        "solved_a": int((pairs["proof_a"] > 0).sum()),
        "solved_b": int((pairs["proof_b"] > 0).sum()),
        "proved_a": int((pairs["proof_a"] > 1).sum()),
        "proved_b": int((pairs["proof_b"] > 1).sum()),
    }


def _new_wrong(pairs: pd.DataFrame, b: pd.DataFrame) -> list[str]:
    """Wrong claims of B, but for those of which the partner in A is wrong, too."""
    old = pairs.loc[pairs["wrong_a"], PAIR].set_index(PAIR).index
    new = b[b["wrong"] & ~b.set_index(PAIR).index.isin(old)]
    return _named(new, _what_is_wrong)


def _what_is_wrong(run: Any) -> str:
    """The verdict, and the reason."""
    word = run.verdict if str(run.verdict).startswith("fail") else f"lower bound {run.bound:g}"
    return ": ".join(filter(None, (str(word), str(run.reason))))


def _worse(x: pd.Series[float], y: pd.Series[float]) -> pd.Series[bool]:
    """Where the value y is above x, or is missing beside it."""
    return (y > x + TOLERANCE * np.maximum(1.0, x.abs())) | (x.notna() & y.isna())


def _named(rows: pd.DataFrame, what: Any) -> list[str]:
    return [f"{_name(run)}: {what(run)}" for run in rows.itertuples()]


def _names(rows: pd.DataFrame) -> list[str]:
    return [_name(run) for run in rows.itertuples()]


def _name(run: Any) -> str:
    return f"{run.instance}, {run.objective}, {run.method}"


def _end(run: Any) -> str:
    """How both runs ended."""
    return f"{_state(run.proof_a, run.termination_a)} in {run.seconds_a:.3g} s, now " + (
        f"{_state(run.proof_b, run.termination_b)} in {run.seconds_b:.3g} s"
    )


def _state(proof: int, termination: str) -> str:
    return ("proved", "optimal by its claim")[2 - proof] if proof else str(termination)


def _values(run: Any) -> str:
    return f"{run.value_a:g}, now {run.value_b:g}".replace("nan", "none")
