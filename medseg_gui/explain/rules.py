"""The relevance rules of LRP: how what arrives at a layer's output is shared among its inputs.

Each rule takes a layer and its input and gives back the function R_out -> R_in. R_in is exactly what autograd will
hand on as the "gradient" of the input. What goes to the bias and to the stabiliser is booked in the ledger.

Sources: Bach 2015, PLoS ONE 10 (epsilon); Montavon 2017 (z⁺ and the box rule z^B); Montavon 2019, LNCS 11700 (gamma,
composites); for inputs of both signs the generalised forms of Andéol 2021.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from medseg_gui.explain.linear_map import LayerWeights, LinearMap, as_channels

EPSILON = 1e-6
# Montavon 2019 takes 0.25. Measured on a trained U-Net: the larger γ, the calmer the map under slight noise (rank
# correlation 0.37 at 0.25, 0.47 at 0.5, 0.59 at 1, 0.87 for z⁺), and the more it looks alike with shuffled weights
# (0.05, 0.05, 0.07, 0.38; on a trained generator 0.19 at 0.25, 0.27 at 1).
GAMMA = 0.5

Redistribution = Callable[[Tensor], Tensor]


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
            self.book_bias(share, bias)
        return share

    def book_stabiliser(self, share: Tensor) -> None:
        """Book what ε takes of relevance that is shared as share · (z + ε)."""
        self.stabiliser.append(EPSILON * share.sum())

    def book_bias(self, share: Tensor, bias: Tensor) -> None:
        """Book what a bias takes of relevance that is shared as share · z.

        Args:
            share: R / z.
            bias: (C,), or of the shape of `share`.
        """
        if bias.shape == share.shape:
            self.bias.append(_dot(share, bias))
        else:
            channels = share.sum((0, *range(2, share.dim()))) if share.dim() > 2 else share.sum(0)
            self.bias.append(torch.dot(channels, bias))


@dataclass(frozen=True, eq=False)
class LayerCall:
    """One use of a layer, as rules see it. Tensors are detached.

    Attributes:
        map: the layer without weights.
        weights: its weights, BatchNorm merged.
        x: its input.
        z: its output, bias included.
        ledger: of this explanation.
    """

    map: LinearMap
    weights: LayerWeights
    x: Tensor
    z: Tensor
    ledger: Ledger

    def signed_parts(self) -> list[tuple[Tensor, Tensor]]:
        """(input, the weights with which it gives positive products); one part if no input is negative."""
        positive = self.weights.positive
        if float(self.x.amin()) >= 0:
            return [(self.x, positive)]
        return [(self.x.clamp(min=0), positive), (self.x.clamp(max=0), self.weights.negative)]


def epsilon(call: LayerCall) -> Redistribution:
    """R_j = Σ_k a_j w_jk / (z_k + ε·sign z_k) · R_k. Bach 2015, eq. 58."""

    def share(relevance: Tensor) -> Tensor:
        s = call.ledger.divide(relevance, call.z, call.weights.bias)
        return call.map.pull_back(s, call.weights.weight, call.x).mul_(call.x)

    return share


def zplus(call: LayerCall) -> Redistribution:
    """Only what speaks for: R_j = Σ_k (a_j w_jk)⁺ / Σ_j (a_j w_jk)⁺ · R_k. Montavon 2017, eq. 10."""
    parts = call.signed_parts()
    bias = None if call.weights.bias is None else call.weights.bias.clamp(min=0)
    z = _positive_sum(call, parts, bias).add_(EPSILON)

    def share(relevance: Tensor) -> Tensor:
        s = relevance / z
        call.ledger.book_stabiliser(s)
        if bias is not None:
            call.ledger.book_bias(s, bias)
        return _total([call.map.pull_back(s, w, x).mul_(x) for x, w in parts])

    return share


def gamma(call: LayerCall) -> Redistribution:
    """What agrees with the output counts γ times more; between ε (γ = 0) and z⁺ (γ → ∞).

    R_j = Σ_k (a_j w_jk + γ (a_j w_jk)^±) / Σ_j (…) · R_k, with + where z_k > 0 and − where z_k < 0. Montavon 2019,
    section 10.2.3. As (a w)^± = (a w ± |a w|) / 2, it is taken from Σ a w, which is known, and from Σ |a| |w|: what
    agrees and what does not need not be told apart.
    """
    weights, size = call.weights, call.x.abs()
    plain, extra = 1 + GAMMA / 2, GAMMA / 2
    z = call.map.apply(size, weights.absolute, None if weights.bias is None else weights.bias.abs())
    z = z.mul_(extra).add_(EPSILON).copysign_(call.z).add_(call.z, alpha=plain)

    def share(relevance: Tensor) -> Tensor:
        s = relevance / z
        agreeing = torch.div(relevance, z.abs())
        call.ledger.book_stabiliser(agreeing)
        if weights.bias is not None:
            call.ledger.book_bias(s, plain * weights.bias)
            call.ledger.book_bias(agreeing, extra * weights.bias.abs())
        found = call.map.pull_back(s, weights.weight, call.x).mul_(call.x).mul_(plain)
        return found.addcmul_(call.map.pull_back(agreeing, weights.absolute, size), size, value=extra)

    return share


def box(call: LayerCall, low: Tensor, high: Tensor) -> Redistribution:
    """z^B for pixels, which lie between `low` and `high` (shape of the input). Montavon 2017, eq. 11.

    R_j = Σ_k (x_j w_jk − l_j w⁺_jk − h_j w⁻_jk) / Σ_j (…) · R_k; biases take no part.
    """
    weights = call.weights
    terms = [(call.x, weights.weight, 1.0), (low, weights.positive, -1.0), (high, weights.negative, -1.0)]
    z = _total([sign * call.map.apply(x, w) for x, w, sign in terms])

    def share(relevance: Tensor) -> Tensor:
        s = call.ledger.divide(relevance, z)
        return _total([sign * x * call.map.pull_back(s, w, x) for x, w, sign in terms])

    return share


def _dot(a: Tensor, b: Tensor) -> Tensor:
    """Sum of products, without a third tensor where memory allows."""
    if a.stride() == b.stride() and (a.is_contiguous() or a.is_contiguous(memory_format=torch.channels_last)):
        return torch.dot(a.as_strided((a.numel(),), (1,)), b.as_strided((b.numel(),), (1,)))
    return (a * b).sum()


def _positive_sum(call: LayerCall, parts: list[tuple[Tensor, Tensor]], bias: Tensor | None) -> Tensor:
    """Σ_j (a_j w_jk)⁺ + b_k.

    For inputs of both signs it is half of Σ a w + Σ |a| |w|, of which the first is known already: one pass of the layer
    instead of two.
    """
    if len(parts) == 1:
        return call.map.apply(*parts[0], bias)
    products = call.z if call.weights.bias is None else call.z - as_channels(call.weights.bias, call.z)
    positive = (products + call.map.apply(call.x.abs(), call.weights.absolute)).mul_(0.5).clamp_(min=0)
    return positive if bias is None else positive.add_(as_channels(bias, positive))


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
