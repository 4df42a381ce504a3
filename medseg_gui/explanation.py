"""Frame in, relevance out: one network with its weights, ready to be explained. Not thread-safe: one owner.

Each explainer has a network of its own, apart from the one that predicts; two explainers in two threads do not touch
each other.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from medseg_gui.device import DeviceChoice, choose_device
from medseg_gui.errors import DroppedError, ExplanationError, InputError
from medseg_gui.explain import EXPLAINERS, SIGNED, ExplainedNetwork, Explanation
from medseg_gui.explain.layer_relevance import layer_relevance, mean_maps, skip_shares
from medseg_gui.explain.lrp import RelevanceMaps
from medseg_gui.explain.quality import agreement, judge, shares, stability
from medseg_gui.explain.targets import Starts, start_relevance
from medseg_gui.explanation_record import read_record
from medseg_gui.networks.weights import WeightsInfo, find_weights, load_network
from medseg_gui.segmenter import affine_normalisation, as_input
from medseg_gui.types import ExplanationRequest, FloatArray, Frame, Relevance, Trust, UInt8Array

logger = logging.getLogger(__name__)

NOISE = 0.05  # deviation, as a share of the range of a pixel
SMOOTH_COPIES = 8
STABILITY_COPIES = 3


class FrameExplainer:
    """Explains what one network sees in frames of any size.

    Args:
        info: which weights.
        device: one of `device.DEVICES`. Explanations run in single precision everywhere.
        alter: changes the network before it is explained (what becomes of a map without what was learnt?).

    Attributes:
        info: as given.
        weights_id: id of the weights.
        choice: device in use and why; changes to the CPU when the GPU's memory runs out.
        fell_back: whether it did.
        record: what was measured of these weights' explanations before.

    Raises:
        WeightsError: the weights cannot be used.
        InputError: the device is not here.
        ExplanationError: the explained network would differ from the network.
    """

    def __init__(
        self, info: WeightsInfo, device: str = "auto", alter: Callable[[nn.Module], None] = lambda network: None
    ) -> None:
        self.info = info
        self._alter = alter
        self.weights_id = info.weights_id
        self.fell_back = False
        self.record = read_record(info)
        self._move_to(choose_device(device))

    @classmethod
    def load(cls, name: str, device: str = "auto") -> FrameExplainer:
        """By the name of weights in the list, or the path of a file."""
        return cls(find_weights(name), device)

    @property
    def layer_names(self) -> tuple[str, ...]:
        """Blocks of the network from the picture to the mask."""
        return self._explained.block_names

    @property
    def cam_layer_names(self) -> tuple[str, ...]:
        """Those that Grad-CAM and HiResCAM can look at, the bottleneck first."""
        return self._explained.cam_block_names

    def explain(
        self, frame: Frame, request: ExplanationRequest, is_unwanted: Callable[[], bool] = lambda: False
    ) -> Relevance:
        """Why the network marks what it marks in a frame.

        Args:
            frame: which.
            request: what, and how.
            is_unwanted: asked between the passes of one explanation (noisy copies, lesions) whether to give up.

        Raises:
            DroppedError: it was unwanted.
            NothingPredictedError: there is nothing marked where the target looks.
            NoRuleError: LRP does not cover the network.
            ExplanationError: the relevance is not finite.
            InputError: method, rule, layer, class or target are unknown.
        """
        self._check(request)
        started = time.perf_counter()
        try:
            found = self._explain(frame, request, is_unwanted)
        except torch.OutOfMemoryError:
            if self.choice.device.type == "cpu":
                raise
            logger.warning("The GPU's memory is full; explanations go on on the CPU")
            self.fell_back = True
            self._move_to(DeviceChoice(torch.device("cpu"), "CPU: the GPU's memory was full"))
            found = self._explain(frame, request, is_unwanted)
        return replace(found, latency_ms=(time.perf_counter() - started) * 1000)

    def prepare(self, rgb: UInt8Array) -> Tensor:
        """(1, 3, S, S) float32 on the device; `rgb` is (H, W, 3) uint8."""
        return as_input([rgb], self.info.input_size, self._scale, self._shift)

    @torch.inference_mode()
    def predict(self, x: Tensor) -> FloatArray:
        """(B, S, S) float32 probabilities of prepared pictures (B, 3, S, S)."""
        logits = self._explained.network(x)
        return np.asarray(torch.sigmoid(logits.float()).squeeze(1).cpu().numpy())

    def starts(self, x: Tensor, request: ExplanationRequest, frame_size: tuple[int, int]) -> Starts:
        """Where an explanation of a prepared picture (1, 3, S, S) starts.

        Raises:
            NothingPredictedError, ExplanationError, InputError: as `explain`.
        """
        with torch.inference_mode():
            logits = self._explained.network(x)[0, 0].float().cpu().numpy()
        return start_relevance(logits, request.target, request.threshold, frame_size)

    def relevance_from(self, x: Tensor, request: ExplanationRequest, start: FloatArray) -> FloatArray:
        """(S, S) relevance of a given start, whatever this network predicts there.

        Args:
            x: (1, 3, S, S) prepared picture.
            request: method, rule and layer.
            start: (S, S) relevance of each pixel of the mask.
        """
        run = self._run(x, request)
        return _as_map(run.explain(self._start(run, start, request)))

    def _move_to(self, choice: DeviceChoice) -> None:
        self.choice = choice
        network = load_network(self.info)
        self._alter(network)
        self._scale, self._shift = affine_normalisation(network, choice.device)
        network = network.to(choice.device).to(memory_format=torch.channels_last)
        self._low, self._high = self._shift, 255 * self._scale + self._shift
        example = self.prepare(np.zeros((8, 8, 3), np.uint8))
        self._explained = ExplainedNetwork(network, example, self._low, self._high)

    def _check(self, request: ExplanationRequest) -> None:
        if request.method not in EXPLAINERS:
            raise InputError(f"There is no method called {request.method!r}; choose one of {', '.join(EXPLAINERS)}.")
        if request.class_id != self.info.class_id:
            raise InputError(f"{self.info.name} does not mark class {request.class_id}; choose its own class.")
        if not 0 < request.threshold < 1:
            raise InputError("The threshold must lie between 0 and 1.")

    def _explain(self, frame: Frame, request: ExplanationRequest, is_unwanted: Callable[[], bool]) -> Relevance:
        x = self.prepare(frame.rgb)
        run = self._run(x, request)
        logits = run.logits[0, 0].float().cpu().numpy()
        starts = start_relevance(logits, request.target, request.threshold, frame.size)
        if request.smooth:
            parts = self._smooth_parts(x, request, starts, is_unwanted)
        else:
            parts = [self._part(run, part, request, is_unwanted) for part in starts.parts]
        maps = [_as_map(p) for p in parts]
        values = np.asarray(np.sum(maps, axis=0), np.float32)
        return Relevance(
            frame_index=frame.index,
            source_id=frame.source_id,
            size=frame.size,
            weights=self.weights_id,
            request=request,
            values=values,
            lesions=tuple(maps) if request.target.kind == "mask" else (),
            lesion_numbers=starts.numbers,
            layers=layer_relevance(parts),
            trust=self._trust(x, request, starts, values, parts, is_unwanted),
        )

    def _smooth_parts(
        self, x: Tensor, request: ExplanationRequest, starts: Starts, is_unwanted: Callable[[], bool]
    ) -> list[RelevanceMaps]:
        """Means over noisy copies, one after the other: together they would need eight times the memory."""
        copies = []
        for copy in self._noisy(x, SMOOTH_COPIES).split(1):
            run = self._run(copy, request)
            copies.append([self._part(run, part, request, is_unwanted) for part in starts.parts])
        return [mean_maps(of_one_part) for of_one_part in zip(*copies, strict=True)]

    def _part(
        self, run: Explanation, part: FloatArray, request: ExplanationRequest, is_unwanted: Callable[[], bool]
    ) -> RelevanceMaps:
        _go_on(is_unwanted)
        return run.explain(self._start(run, part, request))

    def _run(self, x: Tensor, request: ExplanationRequest) -> Explanation:
        return EXPLAINERS[request.method](self._explained, x, request)

    def _start(self, run: Explanation, part: FloatArray, request: ExplanationRequest) -> Tensor:
        """Where a pass begins; noisy copies start alike, so that only the way back differs."""
        start = torch.from_numpy(part).to(run.logits.device)[None, None]
        # z⁺ knows only what speaks for: under it a negative start would turn the signs of the whole map around.
        return start.abs() if request.rule == "zplus" and request.method in SIGNED else start

    def _noisy(self, x: Tensor, copies: int) -> Tensor:
        generator = torch.Generator().manual_seed(0)  # the same request gives the same map
        noise = torch.randn((copies, *x.shape[1:]), generator=generator).to(x.device)
        return torch.clamp(x + NOISE * (self._high - self._low) * noise, self._low, self._high)

    def _trust(
        self,
        x: Tensor,
        request: ExplanationRequest,
        starts: Starts,
        values: FloatArray,
        parts: list[RelevanceMaps],
        is_unwanted: Callable[[], bool],
    ) -> Trust:
        errors = [p.ledger_error for p in parts if p.ledger_error is not None]
        steady = agrees = None
        if request.with_stability:
            copies = self._noisy(x, STABILITY_COPIES).split(1)
            noisy = [self._whole(copy, request, starts, is_unwanted) for copy in copies]
            steady = stability(values, noisy, starts.mask)
            other = replace(request, method="hirescam" if request.method in SIGNED else "lrp", rule="zplus", layer="")
            agrees = agreement(values, self._whole(x, other, starts, is_unwanted), starts.mask)
        way = request.way(self.cam_layer_names[-1])
        return judge(
            shares(values, starts.mask),
            max(errors, default=None),
            steady,
            agrees,
            skip_shares(parts),
            self.record.warnings.get(way, ""),
            "unstable" if way in self.record.unstable else "suspect",
            request.target.kind,
        )

    def _whole(
        self, x: Tensor, request: ExplanationRequest, starts: Starts, is_unwanted: Callable[[], bool]
    ) -> FloatArray:
        _go_on(is_unwanted)
        return self.relevance_from(x, request, starts.whole)


def _go_on(is_unwanted: Callable[[], bool]) -> None:
    if is_unwanted():
        raise DroppedError("This explanation is no longer wanted.")


def _as_map(part: RelevanceMaps) -> FloatArray:
    """(S, S) float32 of the one picture of a pass."""
    values = part.pixels[0].float().cpu().numpy()
    if not np.isfinite(values).all():
        raise ExplanationError(
            "The relevance of this frame is not finite and is not shown; choose another rule or method."
        )
    return values
