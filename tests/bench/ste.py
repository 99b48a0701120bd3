"""Straight-through training of the same network: what people do today, for bench_accuracy.py.

Sign weights with a clipped straight-through gradient, Adam with cosine decay, several seeds and
learning rates trained at once as one batch of networks; the best by training objective wins.
PyTorch on the CPU; needed by the benchmark only.
"""

from __future__ import annotations

import numpy as np
import torch

RATES = (0.003, 0.01, 0.03)
SEEDS = 5
EPOCHS = 500


class Sign(torch.autograd.Function):
    """Forward the sign; backward the gradient where |w| <= 1 (straight through)."""

    @staticmethod
    def forward(ctx, w):
        """Signs, with 0 counted as +1."""
        ctx.save_for_backward(w)
        return torch.where(w >= 0, 1.0, -1.0)

    @staticmethod
    def backward(ctx, gradient):
        """Clipped identity."""
        (w,) = ctx.saved_tensors
        return gradient * (w.abs() <= 1)


def _loss(f, y, loss):
    if loss == "squared":
        return 0.5 * ((f - y) ** 2)
    return torch.nn.functional.softplus(-y * f)


def straight_through(problem, neurons: int, binary: bool = True):
    """(u, v, alpha) per trained network, best first; float weights in [-1, 1] if not binary.

    One batch of len(RATES) * SEEDS networks; each has its own learning rate by scaling its step.
    """
    torch.manual_seed(0)
    torch.set_num_threads(1)
    x = torch.tensor(problem.x, dtype=torch.float32)
    y = torch.tensor(problem.y, dtype=torch.float32)
    w = torch.tensor(problem.weight, dtype=torch.float32)
    count, d = len(RATES) * SEEDS, problem.d
    rate = torch.tensor(RATES, dtype=torch.float32).repeat_interleave(SEEDS)
    u = (0.3 * torch.randn(count, d, neurons)).requires_grad_()
    v = (0.3 * torch.randn(count, d, neurons)).requires_grad_()
    a = (torch.randn(count, neurons) / (d * neurons)).requires_grad_()
    groups = [u, v, a]
    moments = [(torch.zeros_like(p), torch.zeros_like(p)) for p in groups]
    shape = [(count, 1, 1), (count, 1, 1), (count, 1)]
    size = [1.0, 1.0, 1.0 / d]  # alpha is of the order 1 / d: f sums d^2 terms
    turn = Sign.apply if binary else (lambda p: p.clamp(-1, 1))
    for epoch in range(EPOCHS):
        f = torch.einsum("cnm,cm->cn", (x @ turn(u)) * (x @ turn(v)), a)
        objective = (_loss(f, y, problem.loss) @ w).sum() + problem.penalty * a.abs().sum()
        gradients = torch.autograd.grad(objective, groups)
        decay = 0.5 * (1 + np.cos(np.pi * epoch / EPOCHS))
        with torch.no_grad():
            for p, g, (m, s), view, unit in zip(groups, gradients, moments, shape, size, strict=True):
                m.mul_(0.9).add_(g, alpha=0.1)
                s.mul_(0.999).addcmul_(g, g, value=0.001)
                hat = (m / (1 - 0.9 ** (epoch + 1))) / ((s / (1 - 0.999 ** (epoch + 1))).sqrt() + 1e-12)
                p.sub_(unit * decay * rate.view(view) * hat)
            u.clamp_(-1.2, 1.2)
            v.clamp_(-1.2, 1.2)
    with torch.no_grad():
        f = torch.einsum("cnm,cm->cn", (x @ turn(u)) * (x @ turn(v)), a)
        value = _loss(f, y, problem.loss) @ w + problem.penalty * a.abs().sum(dim=1)
        best = int(value.argmin())
        weights = [turn(p)[best].T.numpy() for p in (u, v)]
        return weights[0], weights[1], a[best].numpy().astype(np.float64)
