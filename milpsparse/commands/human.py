"""Short answers for a person: of a solve, and of an audit."""

from __future__ import annotations

from milpsparse.audit import Audit
from milpsparse.network import Network
from milpsparse.solving import Solution


def human(solution: Solution) -> str:
    """The short answer for a person: formula, counts, what is proved and how, time."""
    inst, v, answer = solution.instance, solution.verdict, solution.answer
    limit = "no bound" if inst.bound is None else f"B = {inst.bound:g}"
    if inst.bound is None and answer.bound_used is not None:
        limit = f"no bound (B = {answer.bound_used:g} used)"
    inputs = f"{inst.n_features} input" + ("s" if inst.n_features > 1 else "")
    points = f"{inst.n_samples} point" + ("s" if inst.n_samples > 1 else "")
    skip = "skip connection" if inst.skip else "no skip connection"
    lines = [f"{inst.name}: {points}, {inputs}, {skip}, {limit}"]
    if solution.network is None:
        lines.append("no network found")
    else:
        lines.append(_wrapped(solution.network))
    if v.n_neurons is not None:
        biases = "biases counted" if inst.count_bias else "biases not counted"
        sizes = f"{count(v.n_neurons, 'neuron')}, {count(v.n_parameters, 'parameter')}"
        lines.append(f"counts    {sizes} ({biases})")
    lines.append(f"{answer.objective:<9} {_judgement(solution)}")
    if solution.network is not None:
        exact = "fits every point exactly, in rational arithmetic"
        off = f"fits within {v.max_residual:.2g}, not exactly" if v.verified else v.fail_reason
        lines.append(f"check     {exact if v.exact and v.verified else off}")
    steps = answer.stats.get("steps")
    how = f"{solution.method}" + (f": {' -> '.join(steps)}" if steps else "")
    lines.append(f"time      {solution.wall_time_s:.2f} s ({how})")
    if note := answer.stats.get("note"):
        lines.append(f"note      {note}")
    if v.failed or v.verdict == "better":
        lines.append(f"verdict   {v.verdict}: {v.fail_reason}")
    return "\n".join(lines)


def count(n: int | None, what: str) -> str:
    """A number with its noun, which takes an s unless it is one."""
    return f"{n} {what}" if n == 1 else f"{n} {what}s"


def _judgement(solution: Solution) -> str:
    """Value, lower bound and what it rests on."""
    v = solution.verdict
    value = "no verified value" if v.primal_bound is None else f"{v.primal_bound:.9g}"
    if v.termination == "optimal":
        word = "proved optimal" if v.proved else "optimal by the solver's claim"
        return f"{value}, {word} ({v.dual_bound_reason})"
    lower = "" if v.dual_bound is None else f", at least {v.dual_bound:.9g} ({v.dual_bound_reason})"
    generic = ""
    if v.generic_bound is not None and v.generic_bound > (v.dual_bound or 0):
        generic = f"; at least {v.generic_bound:g} for almost every labelling"
    whys = {
        "time_limit": "; stopped at the time limit",
        "infeasible": "; what was asked is infeasible",
    }
    why = whys.get(str(v.termination), "")
    return f"{value}{lower}{generic}{why}"


def _wrapped(network: Network, width: int = 96) -> str:
    """A long formula over several lines, broken before its terms; very long ones are cut."""
    K = len(network.signs)
    formula = network.formula(most=10 if K > 12 else None)
    terms = formula.replace(" + relu", "\n+ relu").replace(" - relu", "\n- relu").split("\n")
    if K > 12:
        terms.append(f"... {K - 10} more neurons (--json has all)")
    lines = [terms[0]]
    for term in terms[1:]:
        if len(lines[-1]) + len(term) < width:
            lines[-1] += " " + term
        else:
            lines.append("       " + term)
    return "\n".join(lines)


def audit_text(found: Audit) -> str:
    """What touches its big-M, whether B decides, how strong and how large the model is."""
    v, f, doubled = found.verdict, found.facts, found.doubled
    limit = "no bound" if found.instance.bound is None else f"B = {found.instance.bound:g}"
    value = "no verified network" if v.primal_bound is None else f"{v.primal_bound:.9g}"
    lower = "none" if v.dual_bound is None else f"{v.dual_bound:.9g} ({v.dual_bound_reason})"
    lines = [
        f"{found.method} on {found.instance.name}, {limit}",
        f"{found.objective!s:<9} {value}, lower bound {lower}",
    ]
    if not f["entries"] and not f["big_m_rows"]:
        lines.append("at big-M  the model has none")
    elif f["entries_at_big_m"] is None:
        lines.append("at big-M  not known: the model holds no network to look at")
    else:
        entries = f"{f['entries_at_big_m']} of {count(f['entries'], 'bounded entry')}"
        rows = f"{f['rows_at_big_m']} of {count(f['big_m_rows'], 'pre-activation row')}"
        lines.append(f"at big-M  {entries.replace('entrys', 'entries')}, {rows}")
    if doubled is not None:
        word = {True: "lowers the optimum", False: "changes nothing", None: "leaves it open"}
        now = "nothing" if doubled.primal_bound is None else f"{doubled.primal_bound:.9g}"
        low = "" if doubled.dual_bound is None else f", lower bound {doubled.dual_bound:.9g}"
        lines.append(f"2 B       {word[found.changes]}: {now}{low}")
    root = f["lp_root_bound"]
    lines.append(f"LP root   {'not found' if root is None else f'{root:.6g}'}")
    special = "".join(
        f", {f[key]} {name}"
        for key, name in (("n_indicators", "indicators"), ("n_sos1", "SOS1 sets"))
        if f[key]
    )
    sizes = f"{f['n_rows']} rows, {f['n_cols']} columns ({f['n_binaries']} binary)"
    lines.append(f"size      {sizes}, {f['n_nonzeros']} nonzeros{special}")
    if f["coefficient_max"] is not None:
        lines.append(f"numbers   |a| from {f['coefficient_min']:.3g} to {f['coefficient_max']:.3g}")
    return "\n".join(lines)
