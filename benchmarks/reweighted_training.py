"""The training of Nakhleh & Nowak (2025): Adam on the squared error, a reweighted l1 prox a step.

Each step moves all parameters by Adam, then shrinks the products u_kj = v_k w_kj by the threshold
lam lr p |u_kj|^(p - 1) of the step before, and balances every neuron, |v_k| = ||w_k||, its function
unchanged. It fits to a tolerance; counts are of products that are not zero.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from milpsparse.instance import Instance

LR, SEED, FREE = 0.01, 20, 5  # step, seed, and the first steps, which do not shrink


@dataclass(frozen=True)
class Setting:
    """What the paper sets for its data: width K, penalty lam, size below which a neuron is 0."""

    width: int
    lam: float
    eps: float
    p: float = 0.4


def train(instance: Instance, setting: Setting, steps: int) -> dict[str, Any]:
    """Seconds of so many steps, and what the network is worth after them."""
    import torch

    torch.manual_seed(SEED)
    torch.set_num_threads(1)  # the fastest for matrices of this size
    X = torch.tensor(instance.X, dtype=torch.float32)
    y = torch.tensor(instance.y, dtype=torch.float32)
    d, K = instance.n_features, setting.width
    first = torch.nn.Linear(d, K)
    last = torch.nn.Linear(K, 1, bias=False)
    linear = torch.nn.Linear(d, 1) if instance.skip else None
    weights = [*first.parameters(), *last.parameters()]
    weights += [*linear.parameters()] if linear is not None else []
    adam = torch.optim.Adam(weights, lr=LR)
    W, b, v = first.weight, first.bias, last.weight

    def outputs() -> Any:
        return last(torch.relu(first(X)))[:, 0] + (linear(X)[:, 0] if linear is not None else 0)

    def products() -> Any:
        entries = torch.cat([W, b[:, None]], dim=1) if instance.count_bias else W
        return v[0][:, None] * entries

    begun = time.perf_counter()
    for step in range(steps):
        with torch.no_grad():
            before = abs(products())
        adam.zero_grad()
        loss = ((outputs() - y) ** 2).mean()
        loss.backward()
        adam.step()
        if step < FREE:
            continue
        with torch.no_grad():
            u = products()
            cut = setting.lam * LR * setting.p * before.clamp_min(1e-30) ** (setting.p - 1)
            u = torch.sign(u) * (abs(u) - cut).clamp_min(0.0)
            size = u.norm(dim=1)
            live = size >= setting.eps
            root = torch.where(live, size, 1.0).sqrt()
            sign = torch.sign(v[0])
            entries = torch.where(live[:, None], sign[:, None] * u / root[:, None], 0.0)
            if not instance.count_bias:  # the bias keeps its product with |v|, and so the function
                b.copy_(torch.where(live, b * abs(v[0]) / root, 0.0))
            else:
                b.copy_(entries[:, d])
            W.copy_(entries[:, :d])
            v[0].copy_(torch.where(live, sign * root, 0.0))
    seconds = time.perf_counter() - begun
    with torch.no_grad():
        u = products()
        return {
            "seconds": seconds,
            "parameters": int((u != 0).sum()),
            "neurons": int((u != 0).any(dim=1).sum()),
            "largest_miss": float(abs(outputs() - y).max()),
        }
