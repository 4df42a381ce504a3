"""The relevance rules of LRP: how what arrives at a layer's output is shared among its inputs.

Each rule takes a layer and its input and gives back the function R_out -> R_in, one R_in for each piece of the input.
R_in is exactly what autograd will hand on as the "gradient" of the piece. What goes to the bias and to the stabiliser
is booked in the ledger. What a rule needs beside the layer's output is computed on the first way back: where nothing is
predicted there is none.

Sources: Bach 2015, PLoS ONE 10 (epsilon); Montavon 2017 (z⁺ and the box rule z^B); Montavon 2019, LNCS 11700 (gamma,
composites); for inputs of both signs the generalised forms of Andéol 2021.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property

import torch
from torch import Tensor

from medseg_gui.explain.linear_map import LinearMap, TermWeights

EPSILON = 1e-6
# Montavon 2019 takes 0.25. Measured on a trained U-Net: the larger γ, the calmer the map under slight noise (rank
# correlation 0.37 at 0.25, 0.47 at 0.5, 0.59 at 1, 0.87 for z⁺), and the more it looks alike with shuffled weights
# (0.05, 0.05, 0.07, 0.38; on a trained generator 0.19 at 0.25, 0.27 at 1).
GAMMA = 0.5

Redistribution = Callable[[Tensor], list[Tensor]]


@dataclass
class Ledger:
    """Where relevance went that does not arrive at the pixels.

    Attributes:
        bias: total that biases took, one number a layer.
        stabiliser: total that the stabilisers took.
    """

    bias: list[Tensor] = field(default_factory=list)
    stabiliser: list[Tensor] = field(default_factory=list)

    def clear(self) -> None:
        """Start a new page."""
        self.bias.clear()
        self.stabiliser.clear()

    def totals(self) -> tuple[float, float]:
        """(bias, stabiliser)."""
        bias, stabiliser = (float(torch.stack(p).sum()) if p else 0.0 for p in (self.bias, self.stabiliser))
        return bias, stabiliser

    def divide(self, relevance: Tensor, z: Tensor, bias: Tensor | None = None) -> Tensor:
        """R / (z + ε·sign z), with the shares of bias and ε booked.

        Args:
            relevance: what arrived, any shape.
            z: the sum to share by, same shape; sign(0) counts as +1.
            bias: (C,) part of z that belongs to no input.
        """
        stabiliser = torch.copysign(z.new_tensor(EPSILON), z)
        divisor = z + stabiliser
        share = torch.div(relevance, divisor, out=divisor)  # these tensors are large: their memory is the cost
        self.stabiliser.append(_dot(share, stabiliser))
        if bias is not None:
            self.book(share, bias)
        return share

    def book_constant(self, share: Tensor, constant: Tensor) -> None:
        """Book what a part of z takes that belongs to no input, of the shape of `share`."""
        self.bias.append(_dot(share, constant))

    def book(self, share: Tensor, bias: Tensor | None, stabiliser: float = 0.0) -> None:
        """Book what bias and stabiliser take of relevance that is shared as share · z.

        Args:
            share: R / z.
            bias: (C,) part of z.
            stabiliser: part of z, the same everywhere.
        """
        channels = share.sum((0, *range(2, share.dim()))) if share.dim() > 2 else share.sum(0)
        if bias is not None:
            self.bias.append(torch.dot(channels, bias))
        if stabiliser:
            self.stabiliser.append(stabiliser * channels.sum())


@dataclass(eq=False)
class Term:
    """What a layer makes of one piece of its input; its output is the sum of the terms and the bias.

    Attributes:
        map: the layer without weights.
        weights: for this piece, BatchNorm merged.
        x: the piece, detached.
    """

    map: LinearMap
    weights: TermWeights
    x: Tensor

    @cached_property
    def is_signed(self) -> bool:
        """Whether there are negative values in it."""
        return not float(self.x.amin()) >= 0

    @cached_property
    def size(self) -> Tensor:
        """Its absolute values."""
        return self.x.abs() if self.is_signed else self.x

    def signed_parts(self) -> list[tuple[Tensor, Tensor]]:
        """(values, the weights with which they give positive products)."""
        if not self.is_signed:
            return [(self.x, self.weights.positive)]
        return [(self.x.clamp(min=0), self.weights.positive), (self.x.clamp(max=0), self.weights.negative)]


@dataclass(frozen=True, eq=False)
class LayerCall:
    """One use of a layer, as rules see it. Tensors are detached.

    Attributes:
        terms: at least one.
        bias: (C,) or None.
        z: its output: all terms and the bias.
        ledger: of this explanation.
    """

    terms: Sequence[Term]
    bias: Tensor | None
    z: Tensor
    ledger: Ledger


def output_of(terms: Sequence[Term], bias: Tensor | None) -> Tensor:
    """Σ_j a_j w_jk + b_k."""
    return _sum_over(terms, bias, lambda t: (t.x, t.weights.all))


def epsilon(call: LayerCall) -> Redistribution:
    """R_j = Σ_k a_j w_jk / (z_k + ε·sign z_k) · R_k. Bach 2015, eq. 58."""

    def share(relevance: Tensor) -> list[Tensor]:
        s = call.ledger.divide(relevance, call.z, call.bias)
        return [t.map.pull_back(s, t.weights.all, t.x).mul_(t.x) for t in call.terms]

    return share


def zplus(call: LayerCall) -> Redistribution:
    """Only what speaks for: R_j = Σ_k (a_j w_jk)⁺ / Σ_j (a_j w_jk)⁺ · R_k. Montavon 2017, eq. 10."""
    bias = None if call.bias is None else call.bias.clamp(min=0)

    @cache
    def z() -> Tensor:
        if any(t.is_signed for t in call.terms):
            # Half of Σ a w + Σ |a| |w|, of which the first is known already: one pass of the layer instead of two.
            positive = _sum_of_sizes(call).add_(call.z).mul_(0.5).clamp_(min=0)
        else:
            positive = _sum_over(call.terms, bias, lambda t: (t.x, t.weights.positive))
        return positive.add_(EPSILON)

    def share(relevance: Tensor) -> list[Tensor]:
        s = relevance / z()
        call.ledger.book(s, bias, EPSILON)
        return [_total([t.map.pull_back(s, w, x).mul_(x) for x, w in t.signed_parts()]) for t in call.terms]

    return share


def gamma(call: LayerCall) -> Redistribution:
    """What agrees with the output counts γ times more; between ε (γ = 0) and z⁺ (γ → ∞).

    R_j = Σ_k (a_j w_jk + γ (a_j w_jk)^±) / Σ_j (…) · R_k, with + where z_k > 0 and − where z_k < 0. Montavon 2019,
    section 10.2.3. As (a w)^± is (a w ± |a w|) / 2, both sums are, but for a factor that they share, those of
    a w ± κ |a w| with κ = γ / (2 + γ): nothing needs to be told apart by its sign.
    """
    kappa, stabiliser = GAMMA / (2 + GAMMA), EPSILON / (1 + GAMMA / 2)

    @cache
    def z() -> Tensor:
        return _sum_of_sizes(call).mul_(kappa).add_(stabiliser).copysign_(call.z).add_(call.z)

    def share(relevance: Tensor) -> list[Tensor]:
        s = relevance / z()
        agreeing = z().abs()
        agreeing = torch.div(relevance, agreeing, out=agreeing)
        call.ledger.book(agreeing, None if call.bias is None else kappa * call.bias.abs(), stabiliser)
        if call.bias is not None:
            call.ledger.book(s, call.bias)
        return [back(t, s, agreeing) for t in call.terms]

    def back(t: Term, s: Tensor, agreeing: Tensor) -> Tensor:
        plain, sizes = t.map.pull_back(s, t.weights.all, t.x), t.map.pull_back(agreeing, t.weights.absolute, t.size)
        if t.is_signed:
            return plain.mul_(t.x).addcmul_(sizes, t.size, value=kappa)
        return plain.add_(sizes, alpha=kappa).mul_(t.x)

    return share


def box(call: LayerCall, low: Tensor, high: Tensor) -> Redistribution:
    """z^B for pixels, which lie between `low` and `high` (shape of the input). Montavon 2017, eq. 11.

    R_j = Σ_k (x_j w_jk − l_j w⁺_jk − h_j w⁻_jk) / Σ_j (…) · R_k; biases take no part.
    """
    (term,) = call.terms
    weights = term.weights
    parts = [(term.x, weights.all, 1.0), (low, weights.positive, -1.0), (high, weights.negative, -1.0)]

    @cache
    def z() -> Tensor:
        return _total([sign * term.map.apply(x, w) for x, w, sign in parts])

    def share(relevance: Tensor) -> list[Tensor]:
        s = call.ledger.divide(relevance, z())
        return [_total([sign * x * term.map.pull_back(s, w, x) for x, w, sign in parts])]

    return share


def _dot(a: Tensor, b: Tensor) -> Tensor:
    """Sum of products, without a third tensor where memory allows."""
    if a.stride() == b.stride() and (a.is_contiguous() or a.is_contiguous(memory_format=torch.channels_last)):
        return torch.dot(a.as_strided((a.numel(),), (1,)), b.as_strided((b.numel(),), (1,)))
    return (a * b).sum()


def _sum_of_sizes(call: LayerCall) -> Tensor:
    """Σ_j |a_j| |w_jk| + |b_k|."""
    bias = None if call.bias is None else call.bias.abs()
    return _sum_over(call.terms, bias, lambda t: (t.size, t.weights.absolute))


def _sum_over(terms: Sequence[Term], bias: Tensor | None, chosen: Callable[[Term], tuple[Tensor, Tensor]]) -> Tensor:
    """What a layer would give for other inputs and weights: `chosen` of each term."""
    first, *rest = terms
    return _total([first.map.apply(*chosen(first), bias), *(t.map.apply(*chosen(t)) for t in rest)])


def _total(terms: list[Tensor]) -> Tensor:
    """Their sum, in the memory of the first one."""
    first, *rest = terms
    for term in rest:
        first += term
    return first


@dataclass(frozen=True)
class RuleBook:
    """Which rule holds where.

    Attributes:
        body: for all layers but the head.
        head: for the layers after the last block, next to the logits.
        box_at_pixels: whether the layer that sees the pixels gets the box rule.
    """

    body: Callable[[LayerCall], Redistribution]
    head: Callable[[LayerCall], Redistribution]
    box_at_pixels: bool = False


RULES: dict[str, RuleBook] = {
    "epsilon": RuleBook(epsilon, epsilon),
    "zplus": RuleBook(zplus, zplus),
    "gamma": RuleBook(gamma, gamma),
    # Montavon 2019, section 10.3: exact at the top, robust below, bounded at the pixels. With z⁺ below, the map of a
    # trained U-Net looked alike with shuffled weights (rank correlation 0.60 inside the mask).
    "composite": RuleBook(body=gamma, head=epsilon, box_at_pixels=True),
}
