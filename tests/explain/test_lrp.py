"""Checks 1 to 6 and 12 of layer-wise relevance propagation, on every network with every rule."""

from __future__ import annotations

import pytest
import torch

from medseg_gui.errors import InputError
from medseg_gui.explain import rules
from medseg_gui.explain.blocks import find_blocks
from medseg_gui.explain.layer_relevance import layer_relevance, skip_shares
from medseg_gui.explain.lrp import LrpPass, RelevanceMaps
from medseg_gui.explain.rules import RULES
from medseg_gui.networks import NETWORKS, build_network, sdnet
from tests.explain.as_modules import as_modules, composite, one_hot
from tests.explain.conftest import Case, explained_of, picture_for, random_network, start_of
from tests.small_networks import size_of

# Blocks after the bottleneck that are no steps of a decoder.
BESIDE = {"deeplabv3plus_resnet101": {"skip"}, "sdnet": {"anatomy", "segmentor"}}


@pytest.fixture(params=list(RULES))
def rule(request: pytest.FixtureRequest) -> str:
    return request.param


def swallowed(case: Case, maps: RelevanceMaps) -> float:
    """What z⁺ cannot hand on: a depthwise tap that alone reaches into a small map may have nothing that speaks for."""
    return maps.stabiliser if case.name == "deeplabv3plus_resnet101" else 0.0


def largest(difference: torch.Tensor, of: torch.Tensor) -> float:
    return float(difference.abs().max() / of.abs().max())


@pytest.mark.parametrize("name", list(NETWORKS))
def test_the_explained_network_computes_the_same_in_single_precision(name: str) -> None:
    """Check 1, on the networks as they are."""
    network = build_network(name).eval()
    side = size_of(name)
    x = torch.rand(1, 3, side, side, generator=torch.Generator().manual_seed(0)) * 2 - 1
    with torch.inference_mode():
        plain = network(x)
    run = LrpPass(explained_of(network, x), x, "epsilon")
    # Random weights may give logits of some tens, of which single precision keeps seven digits.
    assert float((run.logits - plain).abs().max()) <= 1e-4 * max(1.0, float(plain.abs().max()))
    sure = plain.abs() > 1e-3
    assert torch.equal((run.logits >= 0)[sure], (plain >= 0)[sure])


def test_no_batch_norm_is_left(case: Case) -> None:
    norms: list[torch.nn.Module] = []  # on the way to the logits: SDNet has more, which only training needs
    taps = [
        m.register_forward_hook(lambda module, args, output: norms.append(module))
        for m in case.network.modules()
        if isinstance(m, torch.nn.BatchNorm2d)
    ]
    case.network(case.x)
    for tap in taps:
        tap.remove()
    assert case.explained.book.norms_left == 0
    assert len(case.explained.book.merged_norms) == len(norms) > 10
    assert case.explained.parity < 1e-10


def test_blocks_stand_in_network_order(case: Case) -> None:
    names = case.explained.block_names
    middle = names.index("bottleneck")
    assert names[:middle] == tuple(f"encoder {i}" for i in range(1, middle + 1))
    decoders = [n for n in names[middle + 1 :] if n.startswith("decoder")]
    assert decoders == [f"decoder {i}" for i in range(1, len(decoders) + 1)]
    assert set(names[middle + 1 :]) - set(decoders) == BESIDE.get(case.name, set())
    assert middle >= 4
    assert len(decoders) >= (2 if case.name == "deeplabv3plus_resnet101" else 4)


def test_equals_zennit_at_the_pixels_and_at_every_block(case: Case, rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Check 2."""
    other = as_modules(random_network(case.name))
    low, high = -torch.ones_like(case.x), torch.ones_like(case.x)
    blocks: dict[str, torch.Tensor] = {}
    for module, names in find_blocks(other):

        def keep(_: torch.nn.Module, __: object, output: object, names: tuple[str, ...] = names) -> None:
            # An encoder gives the picture first, and then what its blocks made of it.
            blocks.update(zip(names, output[1:] if isinstance(output, list) else [output], strict=True))

        module.register_forward_hook(keep)
    with monkeypatch.context() as patch, composite(rule, other, low, high).context(other):
        patch.setattr(sdnet, "hard_assignment", one_hot)
        x = case.x.clone().requires_grad_()
        logits = other(x)
        # The generator ends in 2·x, which zennit takes for a gradient of 2.
        start = case.start / 2 if case.name == "gan" else case.start
        found = torch.autograd.grad(logits, [x, *blocks.values()], start)
    torch.testing.assert_close(logits.detach(), case.network(case.x), atol=1e-9, rtol=1e-9)
    maps = LrpPass(case.explained, case.x, rule).explain(case.start)
    assert largest(maps.pixels - found[0].sum(1), maps.pixels) <= 1e-5
    assert len(blocks) >= 3
    for name, theirs in zip(blocks, found[1:], strict=True):
        mine = maps.blocks[name]
        assert largest(mine - theirs.sum(1), mine) <= 1e-5


def test_without_biases_epsilon_is_gradient_times_input(bias_free_case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """Check 3. The picture is faint, so that no ReLU6 is driven to its upper end, where the two differ."""
    if bias_free_case.name == "sdnet":
        pytest.skip("a one-hot assignment has no gradient")
    monkeypatch.setattr(rules, "EPSILON", 1e-12)
    case = bias_free_case
    x = (case.x * 0.01).requires_grad_()
    logits = case.network(x)
    start = start_of(logits.detach())
    # LRP-0 starts with relevance, the gradient with relevance per logit.
    gradient = torch.autograd.grad(logits, x, start / logits.detach())[0]
    wanted = (gradient * x.detach()).sum(1)
    found = LrpPass(case.explained, x.detach(), "epsilon").explain(start).pixels
    assert largest(found - wanted, wanted) <= 1e-3


def test_the_ledger_balances(case: Case, rule: str) -> None:
    """Check 4: what arrives, what biases took and what the stabiliser took is what was given."""
    maps = LrpPass(case.explained, case.x, rule).explain(case.start)
    assert maps.ledger_error is not None
    assert maps.ledger_error <= 1e-4
    assert maps.bias != 0


@pytest.mark.parametrize("rule", ["zplus", "composite", "gamma"])
def test_without_biases_nothing_is_lost(bias_free_case: Case, rule: str) -> None:
    maps = LrpPass(bias_free_case.explained, bias_free_case.x, rule).explain(bias_free_case.start)
    assert float(maps.pixels.sum()) + swallowed(bias_free_case, maps) == pytest.approx(1, abs=1e-3)
    if rule == "zplus":
        assert float(maps.pixels.min()) >= -1e-9


def test_the_ledger_balances_at_every_cut(case: Case, rule: str) -> None:
    """Check 5: across each block, with the skip connections that are still under way."""
    run = LrpPass(case.explained, case.x, rule)
    mode = run._mode
    decoders = [n for n in mode.blocks if n.startswith("decoder")]
    cuts = [[mode.blocks["bottleneck"], *mode.skips.values()]]
    # Concatenations run from the deepest skip up: decoder k has used up the first k of them (all but its last ones).
    used = {"gan": 0, "deeplabv3plus_resnet101": 0}.get(case.name, 1)
    for k, name in enumerate(decoders):
        cuts.append([mode.blocks[name], *list(mode.skips.values())[k + used :]])
    for tensors in cuts:
        arrived = sum(float(r.sum()) for r in run.follow(case.start, tensors))
        assert arrived + sum(mode.ledger.totals()) == pytest.approx(1, abs=1e-4)


def test_maps_of_two_lesions_add_up(case: Case, rule: str) -> None:
    """Check 6."""
    run = LrpPass(case.explained, case.x, rule)
    upper = torch.zeros_like(case.start)
    upper[:, :, : case.start.shape[2] // 2] = 1
    parts = [run.explain(case.start * upper), run.explain(case.start * (1 - upper))]
    whole = run.explain(case.start)
    assert largest(parts[0].pixels + parts[1].pixels - whole.pixels, whole.pixels) <= 1e-4
    for both, one in zip(layer_relevance(parts), layer_relevance([whole]), strict=True):
        assert both.total == pytest.approx(one.total, abs=1e-4)
    assert skip_shares(parts) == pytest.approx(skip_shares([whole]), abs=1e-6)


def test_skips_and_bottleneck_share_the_decision(bias_free_case: Case) -> None:
    maps = LrpPass(bias_free_case.explained, bias_free_case.x, "zplus").explain(bias_free_case.start)
    through_bottleneck = float(maps.blocks["bottleneck"].sum())
    assert len(maps.skips) >= (1 if bias_free_case.name == "deeplabv3plus_resnet101" else 4)
    assert sum(maps.skips.values()) + through_bottleneck + swallowed(bias_free_case, maps) == pytest.approx(1, abs=1e-3)


def test_maps_are_finite(case: Case, rule: str) -> None:
    """Check 12, also for a black, a white and a noisy picture."""
    noise = picture_for(case.name, seed=5)
    for x in (-torch.ones_like(case.x), torch.ones_like(case.x), noise):
        maps = LrpPass(case.explained, x, rule).explain(case.start)
        assert all(bool(torch.isfinite(m).all()) for m in (maps.pixels, *maps.blocks.values()))


def test_an_unknown_rule_lists_the_known(case: Case) -> None:
    with pytest.raises(InputError, match="zplus"):
        LrpPass(case.explained, case.x, "delta")
