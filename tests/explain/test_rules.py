"""Rules on networks small enough to work out by hand, and on operations that the registry's networks do not have."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from medseg_gui.errors import ExplanationError, NoRuleError
from medseg_gui.explain import CamPass, LrpPass
from medseg_gui.explain.rules import GAMMA, RULES
from tests.explain.conftest import explained_of, start_of


class Net(nn.Module):
    """A network of one function."""

    def __init__(self, forward: Callable[[Tensor], Tensor], *layers: nn.Module) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self._function = forward

    def forward(self, x: Tensor) -> Tensor:
        return self._function(x)


def conv(weights: list[float], bias: float | None = None) -> nn.Conv2d:
    """1×1 convolution to one channel."""
    layer = nn.Conv2d(len(weights), 1, 1, bias=bias is not None).double()
    layer.weight.data = torch.tensor(weights, dtype=torch.float64).view(1, -1, 1, 1)
    if bias is not None:
        layer.bias.data = torch.tensor([bias], dtype=torch.float64)
    return layer


def pixel(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64).view(1, -1, 1, 1)


def relevance(network: nn.Module, x: Tensor, rule: str) -> tuple[Tensor, LrpPass]:
    run = LrpPass(explained_of(network, x), x, rule)
    return run.follow(torch.ones_like(run.logits), [run.pixels])[0].flatten(), run


# Inputs 1, 2, -1 with weights 3, -1, 1 and bias 1: products 3, -2, -1, sum 0 + bias 1 = 1.
BY_HAND = {
    "epsilon": [3, -2, -1],
    "zplus": [3 / 4, 0, 0],
    "gamma": [3 * (1 + GAMMA) / (1 + GAMMA * 4), -2 / (1 + GAMMA * 4), -1 / (1 + GAMMA * 4)],
    # x − l is 2, 3, 0; x − h is 0, 1, −2: products 3·2, −1·1, 1·0; Σ = 5
    "composite": [6 / 5, -1 / 5, 0],
}


@pytest.mark.parametrize("rule", list(RULES))
def test_one_layer_by_hand(rule: str) -> None:
    layer = conv([3, -1, 1], bias=1)
    found, run = relevance(Net(layer, layer), pixel(1, 2, -1), rule)
    wanted = BY_HAND[rule]
    torch.testing.assert_close(found, torch.tensor(wanted, dtype=torch.float64), atol=1e-5, rtol=1e-5)
    assert float(found.sum()) + sum(run._mode.ledger.totals()) == pytest.approx(1, abs=1e-9)


def test_two_layers_against_the_matrix_form() -> None:
    """R = x · W₁ᵀ (a₁ / z₁ · W₂ᵀ (R₂ / z₂)), written out for every neuron."""
    torch.manual_seed(0)
    first, second = nn.Conv2d(3, 5, 1).double(), nn.Conv2d(5, 1, 1).double()
    x = pixel(0.5, -1, 0.7)
    found, _ = relevance(Net(lambda v: second(F.relu(first(v))), first, second), x, "epsilon")
    w1, w2 = first.weight.flatten(1), second.weight.flatten(1)
    z1 = w1 @ x.flatten() + first.bias
    a1 = z1.clamp(min=0)
    z2 = float(w2 @ a1 + second.bias)
    r1 = [float(a1[k] * w2[0, k]) / z2 for k in range(5)]
    wanted = [sum(float(x.flatten()[j] * w1[k, j] / z1[k]) * r1[k] for k in range(5)) for j in range(3)]
    torch.testing.assert_close(found, torch.tensor(wanted, dtype=torch.float64), atol=1e-4, rtol=1e-4)


def test_a_residual_sum_is_split_in_proportion() -> None:
    layer = conv([2.0])
    found, _ = relevance(Net(lambda x: x + layer(x), layer), pixel(3), "zplus")
    torch.testing.assert_close(found, torch.ones(1, dtype=torch.float64), atol=1e-5, rtol=0)
    torch.manual_seed(1)
    x = pixel(3)
    split = LrpPass(explained_of(Net(lambda x: layer(x) + 4 * x, layer), x), x, "epsilon")
    assert float(split.explain(torch.ones_like(split.logits)).pixels) == pytest.approx(1, abs=1e-5)


def test_a_factor_changes_no_responsibility() -> None:
    layer = conv([1.0, 1.0])
    for network in (lambda x: 2 * layer(x), lambda x: layer(x) / 4, lambda x: layer(x * 3)):
        found, _ = relevance(Net(network, layer), pixel(1, 3), "epsilon")
        torch.testing.assert_close(found, torch.tensor([0.25, 0.75], dtype=torch.float64), atol=1e-5, rtol=1e-5)


def test_one_module_used_twice_is_explained_twice() -> None:
    """The trap of hook-based engines: conservation 1.000, the map wrong."""
    torch.manual_seed(2)
    shared, head = nn.Conv2d(3, 3, 3, padding=1).double(), nn.Conv2d(3, 1, 1).double()
    copies = [nn.Conv2d(3, 3, 3, padding=1).double() for _ in range(2)]
    for copy in copies:
        copy.load_state_dict(shared.state_dict())
    x = torch.rand(1, 3, 8, 8, dtype=torch.float64)
    twice = Net(lambda v: head(F.relu(shared(F.relu(shared(v))))), shared, head)
    apart = Net(lambda v: head(F.relu(copies[1](F.relu(copies[0](v))))), *copies, head)
    for rule in RULES:
        torch.testing.assert_close(relevance(twice, x, rule)[0], relevance(apart, x, rule)[0])


# Operations beside convolution: each followed by a convolution to one logit a pixel.
OPERATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "max_pool": lambda x: F.max_pool2d(x, 2),
    "avg_pool": lambda x: F.avg_pool2d(x, 2),
    "adaptive_avg_pool": lambda x: F.adaptive_avg_pool2d(x, 2),
    "bilinear": lambda x: F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True),
    "nearest": lambda x: F.interpolate(x, scale_factor=2),
    "pad": lambda x: F.pad(x, (1, 0, 0, 1)),
    "cat": lambda x: torch.cat([x, x * 2], 1)[:, :3],
    "dropout": lambda x: F.dropout(x, 0.5, training=False),
    "leaky_relu": lambda x: F.leaky_relu(x, 0.2),
    "relu_inplace": lambda x: F.relu(x * 1, inplace=True),
    "relu6": lambda x: F.relu6(x),
    "silu": lambda x: F.silu(x),
    "double": lambda x: x + x,
    "subtract": lambda x: x - 0.5 * F.relu(x) - 0.1,
    "add_in_place": lambda x: (x * 1).add_(x),
}


@pytest.mark.parametrize("rule", ["epsilon", "zplus", "gamma"])
@pytest.mark.parametrize("name", list(OPERATIONS))
def test_operations_keep_the_ledger(name: str, rule: str) -> None:
    torch.manual_seed(3)
    before, after = nn.Conv2d(3, 3, 3, padding=1).double(), nn.Conv2d(3, 1, 3, padding=1).double()
    network = Net(lambda x: after(OPERATIONS[name](before(x))), before, after)
    x = torch.rand(1, 3, 8, 8, dtype=torch.float64)
    run = LrpPass(explained_of(network, x), x, rule)
    torch.testing.assert_close(run.logits, network(x))
    start = start_of(run.logits.abs())
    maps = run.explain(start)
    assert maps.ledger_error == pytest.approx(0, abs=1e-9)
    assert bool(torch.isfinite(maps.pixels).all())


def doubled_by_hand(x: Tensor) -> Tensor:
    """Each pixel four times, in a way that nothing is known of."""
    batch, channels, height, width = x.shape
    copies = x[:, :, :, None, :, None].expand(batch, channels, height, 2, width, 2)
    return copies.reshape(batch, channels, 2 * height, 2 * width)


@pytest.mark.parametrize("rule", list(RULES))
@pytest.mark.parametrize("settings", [{}, {"bias": False}, {"dilation": 2, "padding": 2}, {"groups": 5}])
def test_what_was_doubled_is_explained_as_if_it_stood_there(settings: dict[str, int], rule: str) -> None:
    torch.manual_seed(8)
    deep, skip = nn.Conv2d(3, 3, 3, stride=2, padding=1).double(), nn.Conv2d(3, 2, 1).double()
    join, head = nn.Conv2d(5, 5, 3, **{"padding": 1} | settings).double(), nn.Conv2d(5, 1, 1).double()

    def through(double: Callable[[Tensor], Tensor]) -> nn.Module:
        def forward(x: Tensor) -> Tensor:  # below positive, beside it both signs
            return head(F.relu(join(torch.cat([double(F.relu(deep(x))), skip(x)], 1))))

        return Net(forward, deep, skip, join, head)

    x = torch.rand(1, 3, 8, 8, dtype=torch.float64) - 0.3
    found, run = relevance(through(lambda v: F.interpolate(v, scale_factor=2)), x, rule)
    wanted, plain = relevance(through(doubled_by_hand), x, rule)
    torch.testing.assert_close(run.logits, plain.logits)
    torch.testing.assert_close(found, wanted)
    assert run._mode.ledger.totals() == pytest.approx(plain._mode.ledger.totals())


def test_a_block_that_doubles_has_its_relevance() -> None:
    torch.manual_seed(9)
    layers = nn.Conv2d(3, 4, 1), nn.Upsample(scale_factor=2), nn.Conv2d(4, 1, 3, padding=1)
    network = nn.Sequential(*layers).double()
    x = torch.rand(1, 3, 4, 4, dtype=torch.float64)
    run = LrpPass(explained_of(network, x), x, "epsilon")
    blocks = run.explain(start_of(run.logits.abs())).blocks
    gathered = F.avg_pool2d(blocks["1"], 2) * 4
    torch.testing.assert_close(gathered, blocks["0"])
    assert bool(gathered.any())


CONVOLUTIONS: dict[str, Callable[[], nn.Module]] = {
    "depthwise": lambda: nn.Conv2d(4, 4, 3, padding=1, groups=4),
    "grouped": lambda: nn.Conv2d(4, 8, 3, padding=1, groups=2),
    "dilated": lambda: nn.Conv2d(4, 4, 3, padding=2, dilation=2),
    "strided": lambda: nn.Conv2d(4, 4, 4, stride=2, padding=1),
    "same": lambda: nn.Conv2d(4, 4, 3, padding="same"),
    "transposed": lambda: nn.ConvTranspose2d(4, 6, 4, stride=2, padding=1),
    "transposed grouped": lambda: nn.ConvTranspose2d(4, 6, 3, stride=2, output_padding=1, groups=2),
}


def with_statistics(norm: nn.BatchNorm2d) -> nn.BatchNorm2d:
    nn.init.uniform_(norm.running_var, 0.5, 2)
    for tensor in (norm.running_mean, norm.weight, norm.bias):
        nn.init.normal_(tensor, 0.5)
    return norm


@pytest.mark.parametrize("name", list(CONVOLUTIONS))
def test_batch_norm_is_merged_into_any_convolution(name: str) -> None:
    torch.manual_seed(4)
    layer = CONVOLUTIONS[name]()
    channels = layer.out_channels
    network = nn.Sequential(
        nn.Conv2d(3, 4, 1),
        nn.ReLU(),
        layer,
        with_statistics(nn.BatchNorm2d(channels)),
        nn.ReLU(),
        nn.Conv2d(channels, 1, 1),
    )
    network = network.double().eval()
    x = torch.rand(1, 3, 8, 8, dtype=torch.float64)
    explained = explained_of(network, x)
    assert (explained.book.norms_left, len(explained.book.merged_norms)) == (0, 1)
    assert explained.parity < 1e-12
    for rule in RULES:
        run = LrpPass(explained, x, rule)
        assert run.explain(start_of(run.logits.abs())).ledger_error < 1e-9


def test_batch_norm_before_a_convolution_is_merged_where_nothing_is_padded() -> None:
    torch.manual_seed(5)
    for padding, left in ((0, 0), (1, 1)):
        norm = with_statistics(nn.BatchNorm2d(4))
        layers = [nn.Conv2d(3, 4, 3), nn.ReLU(), norm, nn.Conv2d(4, 1, 3, padding=padding)]
        network = nn.Sequential(*layers).double().eval()
        x = torch.rand(1, 3, 9, 9, dtype=torch.float64)
        explained = explained_of(network, x)
        assert explained.book.norms_left == left
        assert explained.parity < 1e-12
        run = LrpPass(explained, x, "epsilon")
        assert run.explain(start_of(run.logits.abs())).ledger_error < 1e-9


def test_an_unmerged_norm_gives_the_map_of_a_merged_one_under_epsilon() -> None:
    torch.manual_seed(6)
    norm = with_statistics(nn.BatchNorm2d(4)).double()
    first, last = nn.Conv2d(3, 4, 3).double(), nn.Conv2d(4, 1, 1).double()
    network = Net(lambda x: last(F.relu(norm(first(x)))), first, norm, last).eval()
    x = torch.rand(1, 3, 9, 9, dtype=torch.float64)
    explained = explained_of(network, x)
    start = start_of(network(x).abs())
    merged = LrpPass(explained, x, "epsilon").explain(start).pixels
    explained.book.layers.clear()
    explained.book.merged_norms.clear()
    unmerged = LrpPass(explained, x, "epsilon").explain(start).pixels
    torch.testing.assert_close(unmerged, merged, atol=1e-3 * float(merged.abs().max()), rtol=0)


@pytest.mark.parametrize(
    ("function", "word"),
    [
        (lambda x: F.softmax(x, 1), "softmax"),
        (lambda x: F.instance_norm(x), "instance_norm"),
        (lambda x: x * torch.sigmoid(x), "product"),
        (lambda x: F.interpolate(x, scale_factor=2, mode="bicubic"), "bicubic"),
        (lambda x: F.pad(x, (1, 1), value=1.0), "padding"),
    ],
)
def test_what_no_rule_covers_is_named_and_activation_maps_still_work(
    function: Callable[[Tensor], Tensor], word: str
) -> None:
    torch.manual_seed(7)
    network = nn.Sequential(nn.Conv2d(3, 3, 1), Net(function), nn.Conv2d(3, 1, 1)).double().eval()
    x = torch.rand(1, 3, 8, 8, dtype=torch.float64)
    explained = explained_of(network, x)
    with pytest.raises(NoRuleError, match=word):
        LrpPass(explained, x, "epsilon")
    run = CamPass(explained, x, "1")
    assert bool(torch.isfinite(run.explain(start_of(run.logits.abs())).pixels).all())


def test_a_network_that_changes_under_explanation_is_refused() -> None:
    """An activation that writes into a tensor that is used again computes something else without it."""
    layer = conv([1.0])

    def writes(x: Tensor) -> Tensor:
        y = layer(x)
        F.relu(y, inplace=True)
        return y - 1 + 1

    x = pixel(-3)
    with pytest.raises(ExplanationError, match="differs"):
        explained_of(Net(writes, layer), x)
