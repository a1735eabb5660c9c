"""Compiled branch and bound on activations: which network of given signs fits points, or why none.

A node decides for some points which neurons of a sign are active on them; what is left is a linear
program, solved by a dual simplex method on a small inverse of the active rows. Rows come from the
decisions and are never stored: a sign row (point i, neuron k), and fit rows (point i, sign s, set
T), which hold as soon as all neurons of sign -s are decided at i, because relu(z) >= 0 and
relu(z) >= z:

    s (free(x_i) + sum_{k in T} s z_k - sum_{k active, of sign -s} s z_k) <= s y_i.

So the neurons of the rarer sign are decided first: with few decisions, one half of the fit is
linear. At a point whose label has the sign of one neuron only, that neuron is active anyway. And
the decisions of a neuron leave its u in a cone: where all of the cone is on one side of a point, so
is u, and the neuron's activation is implied there.

Import it where it is used: it loads numba. All of it is one file, because the cache of compiled
code is renewed when the file of the outermost function changes, and only then.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import numba
import numpy as np

from milpsparse.jit import compiled

_inner = partial(numba.njit, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)

LOWER, UPPER, PINNED, ON, OFF, FIT_PLUS, FIT_MINUS = range(7)  # kinds of rows
INFEASIBLE, FOUND, BUDGET, GROW = range(4)  # why a search returns
TOLERANCE = 1e-9  # violation of a row, labels and bound being scaled to 1
PIVOT = 1e-9  # smallest pivot
REFACTOR = 40  # pivots after which the inverse is computed anew
CANDIDATES = 8  # points whose children are counted at a node
FIT = 1e-8  # residual of a point that fits
UNDECIDED, ACTIVE, INACTIVE = 0, 1, -1
IMPLIED = 2  # activations that the decisions of the neuron imply are 2 and -2
RAYS, WIDEST, FACETS = 40, 8, 62  # of cones: rays at most, entries of a neuron, facets
FLAT = 1e-11  # relative size of a product that is taken as 0
START, DONE = -1, -2  # levels before and after a search
SOLVED, FRESH = -1, -2  # nodes whose children are not known; whose program is not solved

LEVEL, NODES, ENTRIES, LPS, STEPS, NUMBER, UNSURE, LEAVES, DEAD, POINTS = range(10)  # of `at`
COUNTERS = 10


class Problem(NamedTuple):
    """Points and neurons. Variables: the entries of each neuron in turn, then linear columns."""

    xb: Any  # (W, D) inputs with 1
    linear: Any  # (W, L) linear columns at the points
    y: Any  # (W,)
    sign: Any  # (K,) 1 or -1
    first: Any  # (K + 1,) first variable of each neuron
    entry: Any  # (H,) which of the D entries of its neuron a variable is
    box: Any  # (n,) largest size of each variable; inf where it is free
    shape: Any  # (K,) neurons with one number may be renamed as each other
    flips: Any  # (1,) whether a fresh neuron may be turned over (skip connection)
    rare: Any  # (1,) how many neurons have the rarer sign: those that `order` begins with
    order: Any  # (K,) neurons in the order in which a point decides them


class States(NamedTuple):
    """Simplex states, one a level of the tree and then one a neuron being decided."""

    inverse: Any  # (S, n, n)
    u: Any  # (S, n) the point
    price: Any  # (S, n) multipliers of the active rows, >= 0
    row: Any  # (S, n) codes of the active rows
    age: Any  # (S,) pivots since the inverse was computed
    lines: Any  # (S, K, C, C) lines of the cone of a neuron at a level
    rays: Any  # (S, K, RAYS, C) its rays
    facets: Any  # (S, K, RAYS) on which of its facets a ray is
    size: Any  # (S, K, 3) numbers of its lines, rays and facets


class Tree(NamedTuple):
    """The open path, and the record of all nodes."""

    bits: Any  # (W, K) decisions of the open path, and what they imply
    since: Any  # (W, K) the level at which it was implied
    weight: Any  # (W,) failures of a point, to try it sooner
    point: Any  # (S,) the point that a level decides
    part: Any  # (S, 2) which neurons it decides there: from, to in their order
    masks: Any  # (S, 2^K) the patterns to visit
    ids: Any  # (S, 2^K) their nodes
    todo: Any  # (S,) patterns left
    node: (
        Any  # (M, 4) point, neuron, first child, second child; a leaf: -1, first entry, entries, -
    )
    codes: Any  # (E,) rows of the leaves
    multipliers: Any  # (E,)
    at: Any  # counters


class Work(NamedTuple):
    """Scratch memory."""

    g: Any  # (n,) a row
    w: Any  # (n,) the row in terms of the active rows
    total: Any  # (n,)
    A: Any  # (n, n)
    swap: Any  # (n,)
    group: Any  # (K,) interchangeable neurons have one number
    fresh: Any  # (K,) neurons without decisions
    cert: Any  # (n + 1,) codes of a contradiction
    cert_m: Any  # (n + 1,) its multipliers
    turn: Any  # (K + 1,) what the enumeration of patterns does next
    undo: Any  # (K, K) neurons decided together
    node: Any  # (K + 1,) nodes of the patterns' prefixes
    score: Any  # (CANDIDATES + 1,)
    point: Any  # (CANDIDATES + 1,)
    value: Any  # (RAYS,) rays times a point
    fresh_rays: Any  # (RAYS, C) rays after a cut
    fresh_facets: Any  # (RAYS,)


@_inner()
def code_of(kind, i, k, members):  # type: ignore[no-untyped-def]
    """A row as one number."""
    return kind | (k << 3) | (i << 9) | (members << 32)


@_inner(inline="always")  # a call counts references to all arrays
def _add(P, code, f, total):  # type: ignore[no-untyped-def]
    """Add f g of the row g.u >= h to a total; returns f h."""
    kind, k, i, members = code & 7, (code >> 3) & 63, (code >> 9) & 0x7FFFFF, code >> 32
    K = len(P.sign)
    if kind <= PINNED:
        total[i] += -f if kind == UPPER else f
        return 0.0 if kind == PINNED else -f * P.box[i]
    if kind <= OFF:
        side = f if kind == ON else -f
        for v in range(P.first[k], P.first[k + 1]):
            total[v] += side * P.xb[i, P.entry[v]]
        return 0.0
    s = 1.0 if kind == FIT_PLUS else -1.0
    for m in range(K):
        if (members >> m) & 1:
            side = -f if P.sign[m] == s else f
            for v in range(P.first[m], P.first[m + 1]):
                total[v] += side * P.xb[i, P.entry[v]]
    for j in range(P.linear.shape[1]):
        total[P.first[K] + j] -= s * f * P.linear[i, j]
    return -s * f * P.y[i]


@_inner(inline="always")  # a call counts references to all arrays
def _worst_at(P, bits, u, i):  # type: ignore[no-untyped-def]
    """The most violated row of a point: (violation, code)."""
    K = len(P.sign)
    worst, code = 0.0, np.int64(-1)
    free = -P.y[i]
    members = np.int64(0)  # T and the active neurons of the other sign
    plus, minus, decided = True, True, False  # whether the fit row of a sign holds
    for k in range(K):
        b = bits[i, k]
        decided |= abs(b) == ACTIVE
        if P.sign[k] > 0:
            minus &= b != UNDECIDED
        else:
            plus &= b != UNDECIDED
    if not (plus or minus or decided):
        return worst, code
    for k in range(K):
        value = 0.0
        for v in range(P.first[k], P.first[k + 1]):
            value += u[v] * P.xb[i, P.entry[v]]
        b = bits[i, k]
        if b == ACTIVE:
            if -value > worst:
                worst, code = -value, code_of(ON, i, k, 0)
        elif b == INACTIVE and value > worst:
            worst, code = value, code_of(OFF, i, k, 0)
        if b > 0 or (b == UNDECIDED and value > 0.0):
            free += P.sign[k] * value
            members |= 1 << k
    if plus or minus:
        for j in range(P.linear.shape[1]):
            free += u[P.first[K] + j] * P.linear[i, j]
        if plus and free > worst:
            worst, code = free, code_of(FIT_PLUS, i, 0, members)
        if minus and -free > worst:
            worst, code = -free, code_of(FIT_MINUS, i, 0, members)
    return worst, code


@_inner()
def _is_open(bits, i):  # type: ignore[no-untyped-def]
    """Whether the activation of some neuron is undecided at a point."""
    n = 0
    for k in range(bits.shape[1]):
        n += bits[i, k] == UNDECIDED
    return n > 0


@_inner(inline="always")  # a call counts references to all arrays
def _goes_on(P, T, m):  # type: ignore[no-untyped-def]
    """Whether a level decides a part of a point, and a later level the rest of it."""
    for at in range(T.part[m, 1], len(P.sign)):
        if abs(T.bits[T.point[m], P.order[at]]) == ACTIVE:
            return True
    return False


@_inner(inline="always")  # a call counts references to all arrays
def _most_violated(P, T, depth, u, wide):  # type: ignore[no-untyped-def]
    """The most violated row: the box and decided points first, then, if `wide`, all points."""
    worst, code = TOLERANCE, np.int64(-1)
    for v in range(len(u)):
        off = abs(u[v]) - P.box[v]
        if off > worst * max(1.0, P.box[v]):
            worst = off / max(1.0, P.box[v])
            code = code_of(UPPER if u[v] > 0 else LOWER, v, 0, 0)
    more = len(P.y) if wide else 0
    for m in range(depth + more):
        if m == depth and code >= 0:
            break
        if m < depth and _goes_on(P, T, m):
            continue  # the rest of this point is decided at a later level
        off, row = _worst_at(P, T.bits, u, T.point[m] if m < depth else m - depth)
        if off > worst:
            worst, code = off, row
    return code


@_inner()
def _refactor(P, S, s, Wk):  # type: ignore[no-untyped-def]
    """The inverse of the active rows anew, by Gauss-Jordan elimination in place, and the point."""
    n, h, row, A = S.u.shape[1], Wk.total, Wk.g, Wk.A
    for a in range(n):
        for b in range(n):
            row[b] = 0.0
        h[a] = _add(P, S.row[s, a], 1.0, row)
        for b in range(n):
            A[a, b] = row[b]
        Wk.swap[a] = a
    for c in range(n):
        p = c
        for a in range(c + 1, n):
            if abs(A[a, c]) > abs(A[p, c]):
                p = a
        if p != c:
            Wk.swap[p], Wk.swap[c] = Wk.swap[c], Wk.swap[p]
            for b in range(n):
                A[p, b], A[c, b] = A[c, b], A[p, b]
        scale = 1.0 / A[c, c]
        A[c, c] = 1.0
        for b in range(n):
            row[b] = A[c, b] * scale
            A[c, b] = row[b]
        for a in range(n):
            f = A[a, c]
            if a != c and f != 0.0:
                A[a, c] = 0.0
                for b in range(n):
                    A[a, b] -= f * row[b]
    for a in range(n):
        value = 0.0
        for b in range(n):
            S.inverse[s, a, Wk.swap[b]] = A[a, b]
            value += A[a, b] * h[Wk.swap[b]]
        S.u[s, a] = value
    S.age[s] = 0


@_inner()
def _holds(P, Wk, m):  # type: ignore[no-untyped-def]
    """Whether the m rows and multipliers in the scratch are a contradiction by a clear margin.

    Free variables only have to vanish nearly: exact multipliers are found when a proof is written.
    """
    total, h, size, left = Wk.total, 0.0, 0.0, 0.0
    for v in range(len(total)):
        total[v] = 0.0
    for a in range(m):
        h += _add(P, Wk.cert[a], Wk.cert_m[a], total)
        size += Wk.cert_m[a]
    for v in range(len(total)):
        if np.isinf(P.box[v]):
            if abs(total[v]) > 1e-9 * size:
                return False
        else:
            left += abs(total[v]) * P.box[v]
    return left + 1e-11 * size < h


@_inner()
def _certify(P, S, T, Wk, s, code):  # type: ignore[no-untyped-def]
    """Whether the row `code` = sum w_a row_a, w <= 0, contradicts; it goes to the scratch."""
    m = 0
    if (code & 7) > PINNED:  # the box counts by itself
        Wk.cert[0], Wk.cert_m[0], m = code, 1.0, 1
    for a in range(S.u.shape[1]):
        if Wk.w[a] < -1e-11 and (S.row[s, a] & 7) > PINNED:
            Wk.cert[m], Wk.cert_m[m] = S.row[s, a], -Wk.w[a]
            m += 1
    T.at[NUMBER] = m
    return _holds(P, Wk, m)


@_inner()
def _lp(P, S, T, Wk, s, depth, wide):  # type: ignore[no-untyped-def]
    """Dual simplex from state s; True when feasible, else the contradiction is in the scratch.

    Only if `wide`, rows of all points count: they take long to scan.
    """
    n, at = S.u.shape[1], T.at
    at[LPS] += 1
    for _ in range(2000):
        if S.age[s] >= REFACTOR:
            _refactor(P, S, s, Wk)
        at[STEPS] += 1
        code = _most_violated(P, T, depth, S.u[s], wide)
        if code < 0:
            return True
        for a in range(n):
            Wk.g[a] = 0.0
        gap = _add(P, code, 1.0, Wk.g)
        for a in range(n):
            Wk.w[a] = 0.0
        for b in range(n):
            gb = Wk.g[b]
            if gb != 0.0:
                gap -= gb * S.u[s, b]
                for a in range(n):
                    Wk.w[a] += gb * S.inverse[s, b, a]
        leave, step, pinned = -1, np.inf, 0.0
        for a in range(n):
            size = Wk.w[a]
            if (S.row[s, a] & 7) == PINNED:
                if abs(size) > max(pinned, PIVOT):
                    leave, pinned = a, abs(size)
            elif pinned == 0.0 and size > PIVOT:
                t = S.price[s, a] / size
                if t < step or (t == step and size > Wk.w[leave]):
                    leave, step = a, t
        if leave < 0:
            if _certify(P, S, T, Wk, s, code):
                return False
            if S.age[s] > 0:
                S.age[s] = REFACTOR
                continue
            at[UNSURE] += 1
            return True
        if pinned > 0.0:
            step = 0.5 + (at[STEPS] * 0.6180339887498949) % 1.0
        else:
            for a in range(n):
                if (S.row[s, a] & 7) != PINNED:
                    S.price[s, a] = max(0.0, S.price[s, a] - step * Wk.w[a])
        S.price[s, leave] = step
        S.row[s, leave] = code
        inv = 1.0 / Wk.w[leave]
        for b in range(n):
            f = S.inverse[s, b, leave] * inv
            S.u[s, b] += gap * f
            if f != 0.0:
                for a in range(n):
                    S.inverse[s, b, a] -= f * Wk.w[a]
            S.inverse[s, b, leave] = f
        S.age[s] += 1
    at[UNSURE] += 1
    return True


@_inner()
def _dot(a, x, entry, first, C):  # type: ignore[no-untyped-def]
    """A ray or line times the entries of a point, and the sum of the sizes of the products."""
    total, size = 0.0, 0.0
    for c in range(C):
        part = a[c] * x[entry[first + c]]
        total += part
        size += abs(part)
    return total, size


@_inner()
def _difference(a, b):  # type: ignore[no-untyped-def]
    """The difference of two numbers; 0 where it may be rounding only."""
    return a - b if abs(a - b) > FLAT * (abs(a) + abs(b)) else 0.0


@_inner()
def _begin_cone(P, S, s, k):  # type: ignore[no-untyped-def]
    """The cone of a neuron without decisions: the whole space, of lines only."""
    C = P.first[k + 1] - P.first[k]
    S.size[s, k, 0], S.size[s, k, 1], S.size[s, k, 2] = C, 0, 0
    if C > S.lines.shape[2]:  # of too many entries: nothing is implied
        S.size[s, k, 2] = FACETS
        return
    for a in range(C):
        for c in range(C):
            S.lines[s, k, a, c] = 1.0 if a == c else 0.0


@_inner()
def _cut(P, S, Wk, s, k, i, side):  # type: ignore[no-untyped-def]
    """Cut a cone by side z_k(x_i) >= 0: the double description method; whether anything is cut off.

    A cut that makes too many rays, or facets, is left out: the cone is then larger than it need be.
    """
    first, C, size, lines = P.first[k], P.first[k + 1] - P.first[k], S.size[s, k], S.lines[s, k]
    if size[2] >= FACETS:
        return False
    best, pivot = 0.0, -1
    for a in range(size[0]):
        value, scale = _dot(lines[a], P.xb[i], P.entry, first, C)
        if abs(value) > FLAT * scale and abs(value) > best:
            best, pivot = abs(value), a
    if pivot >= 0:
        return _cut_lines(P, S, s, k, i, side, pivot)
    return _cut_rays(P, S, Wk, s, k, i, side)


@_inner()
def _cut_lines(P, S, s, k, i, side, pivot):  # type: ignore[no-untyped-def]
    """The pivot, a line, loses one half and becomes a ray; all others move into the facet."""
    first, C, size = P.first[k], P.first[k + 1] - P.first[k], S.size[s, k]
    x, lines, rays, facets = P.xb[i], S.lines[s, k], S.rays[s, k], S.facets[s, k]
    if size[1] >= RAYS:
        return False
    bit = np.int64(1) << size[2]
    value, _ = _dot(lines[pivot], x, P.entry, first, C)
    for a in range(size[0] + size[1]):
        other = lines[a] if a < size[0] else rays[a - size[0]]
        if a != pivot:
            f = _dot(other, x, P.entry, first, C)[0] / value
            for c in range(C):
                other[c] = _difference(other[c], f * lines[pivot, c])
        if a >= size[0]:
            facets[a - size[0]] |= bit
    up = 1.0 if value * side > 0 else -1.0
    for c in range(C):
        rays[size[1], c] = up * lines[pivot, c]
        lines[pivot, c] = lines[size[0] - 1, c]
    facets[size[1]] = bit - 1  # a line is on all facets before
    size[0] -= 1
    size[1] += 1
    size[2] += 1
    return True


@_inner()
def _cut_rays(P, S, Wk, s, k, i, side):  # type: ignore[no-untyped-def]
    """Rays on the wrong side are cut off; between them and their neighbours there are new ones."""
    first, C, size = P.first[k], P.first[k + 1] - P.first[k], S.size[s, k]
    rays, facets, fresh, value = S.rays[s, k], S.facets[s, k], Wk.fresh_rays, Wk.value
    bit, n, below = np.int64(1) << size[2], 0, 0
    for a in range(size[1]):
        value[a], scale = _dot(rays[a], P.xb[i], P.entry, first, C)
        value[a] = 0.0 if abs(value[a]) <= FLAT * scale else side * value[a]
        if value[a] < 0.0:
            below += 1
            continue
        Wk.fresh_facets[n] = facets[a] | (bit if value[a] == 0.0 else 0)
        for c in range(C):
            fresh[n, c] = rays[a, c]
        n += 1
    if below == 0:
        return False
    for a in range(size[1]):
        for b in range(size[1]):
            if value[a] <= 0.0 or value[b] >= 0.0 or not _are_adjacent(facets, size[1], a, b):
                continue
            if n >= RAYS:
                return False
            largest = 0.0
            for c in range(C):
                fresh[n, c] = _difference(value[a] * rays[b, c], value[b] * rays[a, c])
                largest = max(largest, abs(fresh[n, c]))
            if largest == 0.0:
                return False
            for c in range(C):
                fresh[n, c] /= largest
            Wk.fresh_facets[n] = (facets[a] & facets[b]) | bit
            n += 1
    for a in range(n):
        facets[a] = Wk.fresh_facets[a]
        for c in range(C):
            rays[a, c] = fresh[a, c]
    size[1] = n
    size[2] += 1
    return True


@_inner()
def _are_adjacent(facets, n, a, b):  # type: ignore[no-untyped-def]
    """Whether two of n rays have a face in common: no other ray is on all facets of both."""
    both, on_all = facets[a] & facets[b], 0
    for t in range(n):
        on_all += both & ~facets[t] == 0
    return on_all == 2  # these two


@_inner()
def _side(P, S, s, k, i):  # type: ignore[no-untyped-def]
    """ACTIVE or INACTIVE where all of a cone is on one side of a point; else UNDECIDED."""
    first, C = P.first[k], P.first[k + 1] - P.first[k]
    up, down = True, True
    for a in range(S.size[s, k, 0]):
        value, scale = _dot(S.lines[s, k, a], P.xb[i], P.entry, first, C)
        if abs(value) > FLAT * scale:
            return UNDECIDED
    for a in range(S.size[s, k, 1]):
        value, scale = _dot(S.rays[s, k, a], P.xb[i], P.entry, first, C)
        up &= value >= -FLAT * scale
        down &= value <= FLAT * scale
        if not (up or down):
            return UNDECIDED
    return ACTIVE if up else INACTIVE


@_inner()
def _imply(P, S, T, level, k):  # type: ignore[no-untyped-def]
    """Where the cone of a neuron at a level implies its activation."""
    C = P.first[k + 1] - P.first[k]
    if S.size[level, k, 0] == C:
        return
    for i in range(len(P.y)):
        if T.bits[i, k] == UNDECIDED:
            side = _side(P, S, level, k, i)
            if side != UNDECIDED:
                T.bits[i, k], T.since[i, k] = IMPLIED * side, level


@_inner()
def _forget(T, level):  # type: ignore[no-untyped-def]
    """Take back what deeper levels implied."""
    W, K = T.bits.shape
    for i in range(W):
        for k in range(K):
            if abs(T.bits[i, k]) == IMPLIED and T.since[i, k] > level:
                T.bits[i, k] = UNDECIDED


@_inner()
def _next_cones(P, S, T, Wk, level):  # type: ignore[no-untyped-def]
    """The cones of the next level, by the decisions at this one; and what they imply."""
    i, s = T.point[level], level + 1
    for k in range(len(P.sign)):
        for a in range(3):
            S.size[s, k, a] = S.size[level, k, a]
        C = P.first[k + 1] - P.first[k]
        if C > S.lines.shape[2]:
            continue
        for a in range(S.size[s, k, 0]):
            for c in range(C):
                S.lines[s, k, a, c] = S.lines[level, k, a, c]
        for a in range(S.size[s, k, 1]):
            S.facets[s, k, a] = S.facets[level, k, a]
            for c in range(C):
                S.rays[s, k, a, c] = S.rays[level, k, a, c]
    for m in range(T.part[level, 0], T.part[level, 1]):
        k = P.order[m]
        if abs(T.bits[i, k]) == ACTIVE and _cut(P, S, Wk, s, k, i, T.bits[i, k]):
            _imply(P, S, T, s, k)


@_inner()
def _copy(S, source, target):  # type: ignore[no-untyped-def]
    n = S.u.shape[1]
    for a in range(n):
        S.u[target, a] = S.u[source, a]
        S.price[target, a] = S.price[source, a]
        S.row[target, a] = S.row[source, a]
        for b in range(n):
            S.inverse[target, a, b] = S.inverse[source, a, b]
    S.age[target] = S.age[source]


@_inner()
def _groups(P, bits, Wk):  # type: ignore[no-untyped-def]
    """Neurons of one sign, shape and history get one number."""
    W, K = bits.shape
    for k in range(K):
        Wk.fresh[k] = True
        for i in range(W):
            if bits[i, k] != UNDECIDED:
                Wk.fresh[k] = False
                break
        Wk.group[k] = k
        for m in range(k):
            if P.sign[m] != P.sign[k] or P.shape[m] != P.shape[k]:
                continue
            same = True
            for i in range(W):
                if bits[i, k] != bits[i, m]:
                    same = False
                    break
            if same:
                Wk.group[k] = Wk.group[m]
                break


@_inner()
def _log_leaf(P, T, Wk, node):  # type: ignore[no-untyped-def]
    """Write the contradiction in the scratch as the leaf of a node, its multipliers as integers.

    The shortest integers that still contradict by a margin are taken.
    """
    first, m, largest, scale = T.at[ENTRIES], T.at[NUMBER], 0.0, 2.0**8
    for a in range(m):
        largest = max(largest, Wk.cert_m[a])
    for a in range(m):
        T.codes[first + a] = Wk.cert[a]
        T.multipliers[first + a] = Wk.cert_m[a] / largest
    while True:
        for a in range(m):
            Wk.cert_m[a] = np.rint(T.multipliers[first + a] * scale)
        if scale >= 2.0**44 or _holds(P, Wk, m):
            break
        scale *= 2.0**8
    for a in range(m):
        T.multipliers[first + a] = Wk.cert_m[a]
    T.node[node, 0], T.node[node, 1], T.node[node, 2] = -1, first, m
    T.at[ENTRIES] += m
    T.at[LEAVES] += 1


@_inner()
def _part(P, bits, i):  # type: ignore[no-untyped-def]
    """What is to be decided next at a point, as part of the order: the rarer sign, or the rest."""
    rare = P.rare[0]
    for m in range(rare):
        if bits[i, P.order[m]] == UNDECIDED:
            return 0, rare
    return rare, len(P.sign)


@_inner()
def _children(P, S, T, Wk, i, most, level, root):  # type: ignore[no-untyped-def]
    """The patterns of part of point i that are feasible at a level, neuron after neuron.

    With root >= 0, the nodes are recorded below node `root` and the patterns are kept; otherwise
    they are only counted, up to `most`.
    """
    K, base, order = len(P.sign), level + 1, P.order
    bits, found, node = T.bits, 0, Wk.node
    low, high = _part(P, bits, i)
    depth = low
    T.point[level], T.part[level, 0], T.part[level, 1] = i, low, high
    for k in range(low, high + 1):
        Wk.turn[k] = 0
        Wk.node[k] = root
    _copy(S, level, base)
    while depth >= low:
        if depth == high:
            if root >= 0:
                mask = 0
                for m in range(low, high):
                    if bits[i, order[m]] > 0:
                        mask |= 1 << order[m]
                T.masks[level, found] = mask
                T.ids[level, found] = node[depth]
            found += 1
            depth -= 1
            if found >= most:
                break
            continue
        k = order[depth]
        turn = Wk.turn[depth]
        state = base + depth - low
        if turn == 3:  # decided together with an earlier one
            Wk.turn[depth] = 0
            depth -= 1
            continue
        if turn == 0 and bits[i, k] != UNDECIDED:
            Wk.turn[depth] = 3
            node[depth + 1] = node[depth]
            _copy(S, state, state + 1)
            depth += 1
            continue
        if turn == 0:
            bits[i, k] = ACTIVE
        else:  # take the last decision back
            for m in range(K):
                if Wk.undo[depth, m]:
                    bits[i, m] = UNDECIDED
            bits[i, k] = UNDECIDED
            if turn == 2 or (P.flips[0] and Wk.fresh[k]):
                Wk.turn[depth] = 0
                depth -= 1
                continue
        for m in range(K):
            Wk.undo[depth, m] = False
            if turn == 1 and bits[i, m] == UNDECIDED and Wk.group[m] == Wk.group[k]:
                bits[i, m] = INACTIVE
                Wk.undo[depth, m] = True
        if root >= 0:
            if turn == 0:
                T.node[node[depth], 0], T.node[node[depth], 1] = i, k
                T.node[node[depth], 3] = -1
            child = T.at[NODES]
            T.at[NODES] += 1
            T.node[node[depth], 2 + turn] = child
            node[depth + 1] = child
        Wk.turn[depth] = turn + 1
        _copy(S, state, state + 1)
        if _lp(P, S, T, Wk, state + 1, base, False):
            depth += 1
            Wk.turn[depth] = 0
        elif root >= 0:
            _log_leaf(P, T, Wk, node[depth + 1])
    _undecide(P, T, i, low, high)
    return found


@_inner()
def _undecide(P, T, i, low, high):  # type: ignore[no-untyped-def]
    """Take the decisions at a point back; what is implied there stays."""
    for m in range(low, high):
        if abs(T.bits[i, P.order[m]]) == ACTIVE:
            T.bits[i, P.order[m]] = UNDECIDED


@_inner()
def _output(P, u, i):  # type: ignore[no-untyped-def]
    """f(x_i) - y_i, and the activation pattern."""
    K = len(P.sign)
    out, mask = -P.y[i], 0
    for k in range(K):
        z = 0.0
        for v in range(P.first[k], P.first[k + 1]):
            z += u[v] * P.xb[i, P.entry[v]]
        if z > 0.0:
            out += P.sign[k] * z
            mask |= 1 << k
    for j in range(P.linear.shape[1]):
        out += u[P.first[K] + j] * P.linear[i, j]
    return out, mask


@_inner()
def _candidates(P, T, u, score, point):  # type: ignore[no-untyped-def]
    """The undecided points that the network misses most, weighted by their failures."""
    for c in range(CANDIDATES + 1):
        score[c], point[c] = 0.0, -1
    for i in range(len(P.y)):
        if not _is_open(T.bits, i):
            continue
        off = abs(_output(P, u, i)[0])
        value = off * T.weight[i]
        if off <= FIT or value <= score[CANDIDATES - 1]:
            continue
        at = CANDIDATES - 1
        while at > 0 and value > score[at - 1]:
            score[at], point[at] = score[at - 1], point[at - 1]
            at -= 1
        score[at], point[at] = value, i


@_inner()
def _branch(P, S, T, Wk, level, root):  # type: ignore[no-untyped-def]
    """Decide the candidate that leaves fewest patterns, and record its children.

    Of m neurons to be decided, n patterns leave log2(n) / m of the choice. False when all points
    fit.
    """
    point, c, least = Wk.point, 0, np.inf
    _candidates(P, T, S.u[level], Wk.score, point)
    best = point[0]
    if best < 0:
        return False
    while True:
        last = point[c] < 0 or least <= 0.0
        i = best if last else point[c]
        low, high = _part(P, T.bits, i)
        most = np.int64(1 << 30)
        if not last:  # so many cannot win
            most = np.int64(np.ceil(2.0 ** min(least * (high - low), 30.0)))
        n = _children(P, S, T, Wk, i, most, level, root if last else np.int64(-1))
        if last:
            break
        if n < most:
            best, least = i, np.log2(n) / (high - low) if n > 0 else -1.0
        c += 1
    T.todo[level] = n
    _by_distance(T, level, n, _output(P, S.u[level], best)[1])
    return True


@_inner()
def _by_distance(T, level, n, mask):  # type: ignore[no-untyped-def]
    """Sort patterns so that the one nearest to the current one is the last, to be taken first."""
    for a in range(1, n):
        b = a
        while b > 0 and _ones(T.masks[level, b] ^ mask) > _ones(T.masks[level, b - 1] ^ mask):
            for array in (T.masks, T.ids):
                array[level, b], array[level, b - 1] = array[level, b - 1], array[level, b]
            b -= 1


@_inner()
def _ones(mask):  # type: ignore[no-untyped-def]
    n = 0
    while mask:
        mask &= mask - 1
        n += 1
    return n


@_inner()
def _search(P, S, T, Wk, most):  # type: ignore[no-untyped-def]
    K, n, at = T.bits.shape[1], S.u.shape[1], T.at
    if at[LEVEL] == DONE:
        return INFEASIBLE
    if at[LEVEL] == START:
        for a in range(n):
            for b in range(n):
                S.inverse[0, a, b] = 1.0 if a == b else 0.0
            S.u[0, a], S.price[0, a], S.row[0, a] = 0.0, 0.0, code_of(PINNED, a, 0, 0)
        S.age[0] = 0
        for k in range(K):
            _begin_cone(P, S, 0, k)
        at[LEVEL], at[NODES], T.todo[0] = 0, 1, FRESH
    elif T.todo[at[LEVEL]] == SOLVED and at[POINTS] < len(P.y):
        T.todo[at[LEVEL]] = FRESH  # points have joined, and their fit rows hold
        for k in range(K):
            _imply(P, S, T, at[LEVEL], k)
    at[POINTS] = len(P.y)
    end = at[STEPS] + most
    while True:
        level = at[LEVEL]
        root = T.ids[level - 1, T.todo[level - 1]] if level > 0 else 0
        if T.todo[level] < 0:
            if at[NODES] + (4 << K) > len(T.node) or level + K + 3 > len(S.age):
                return GROW
            if at[ENTRIES] + (2 << K) * (n + 1) > len(T.codes):
                return GROW
        if T.todo[level] == FRESH:
            T.point[level] = -1
            if S.age[level] > REFACTOR // 4:
                S.age[level] = REFACTOR  # now, once, and not in each of many children
            if _lp(P, S, T, Wk, level, level, True):
                T.todo[level] = SOLVED
            else:
                _log_leaf(P, T, Wk, root)
                T.todo[level] = 0
        if T.todo[level] == SOLVED:
            if at[STEPS] >= end:
                return BUDGET
            if K == 0:
                return FOUND
            _groups(P, T.bits, Wk)
            if not _branch(P, S, T, Wk, level, root):
                return FOUND
        i = T.point[level]
        _forget(T, level)
        if i >= 0:
            _undecide(P, T, i, T.part[level, 0], T.part[level, 1])
        if T.todo[level] > 0:
            T.todo[level] -= 1
            mask = T.masks[level, T.todo[level]]
            for m in range(T.part[level, 0], T.part[level, 1]):
                k = P.order[m]
                if T.bits[i, k] == UNDECIDED:
                    T.bits[i, k] = ACTIVE if (mask >> k) & 1 else INACTIVE
            _copy(S, level, level + 1)
            _next_cones(P, S, T, Wk, level)
            at[LEVEL], T.todo[level + 1] = level + 1, FRESH
            continue
        if i >= 0:
            T.weight[i] += 1.0
        at[DEAD] += 1
        at[LEVEL] = level - 1 if level > 0 else DONE
        if level == 0:
            return INFEASIBLE


@compiled
def search(problem: Any, states: Any, tree: Any, work: Any, most: int) -> int:
    """Go on with a search for `most` simplex steps; why it stopped.

    The first four are a Problem, States, Tree and Work as plain tuples, whose types numba looks up
    in a tenth of the time. Begin with at[LEVEL] = START. FOUND leaves a network that fits all
    points in S.u[at[LEVEL]]; to go on, give more points. GROW asks for longer arrays of the record.
    """
    why: int = _search(Problem(*problem), States(*states), Tree(*tree), Work(*work), most)
    return why
