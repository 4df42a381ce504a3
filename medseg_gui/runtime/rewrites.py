"""Makes an ONNX graph cheaper without changing what it computes: fewer multiplications for the same sums, fewer copies.

Runtimes fuse and lay out layers, but none of them sees that a convolution over an enlarged map multiplies the same
numbers several times. Each rule below looks at one node and gives the nodes that take its place, or None.

Source of the phases: Shi et al. 2016, arXiv 1609.07009 (a transposed convolution is a convolution before the pixels
are shuffled); here the weights of each phase are sums of the trained ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, helper, numpy_helper

from medseg_gui.runtime.session import import_runtime
from medseg_gui.types import FloatArray

Phases = dict[tuple[int, int], FloatArray]  # (row, column) in a block of pixels -> (O, I, h, w) weights
T = TypeVar("T")

_FEWEST_CHANNELS = 16  # with fewer, putting the pixels in order costs more than it saves
_BLOCK = 4  # side of the square of pixels that a head with one output gives at once; 16 fill a vector register


class Graph:
    """An ONNX graph whose constants can be looked up and added.

    Args:
        model: is changed.

    Attributes:
        nodes: in the order in which they can be computed.
        shapes: of every map, as far as they are known.
    """

    def __init__(self, model: ModelProto) -> None:
        self.nodes: list[NodeProto] = list(model.graph.node)
        self._model = model
        self._constants = {i.name: numpy_helper.to_array(i) for i in model.graph.initializer}
        for node in self.nodes:
            if node.op_type == "Constant":
                self._constants[node.output[0]] = attribute(node, "value", np.zeros(0))
        self._sources = {name: node for node in self.nodes for name in node.output}
        maps = [*model.graph.input, *model.graph.value_info, *model.graph.output]
        self.shapes = {m.name: [d.dim_value for d in m.type.tensor_type.shape.dim] for m in maps}

    def constant(self, name: str) -> NDArray[np.generic] | None:
        """Value of a constant, None for what is computed."""
        return self._constants.get(name)

    def source(self, name: str, kind: str) -> NodeProto | None:
        """The node that computes something, if it is of this kind."""
        node = self._sources.get(name)
        return node if node is not None and node.op_type == kind else None

    def add(self, name: str, value: NDArray[np.generic]) -> str:
        """A new constant; gives its name."""
        self._constants[name] = value
        self._model.graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def replace(self, rule: Callable[[Graph, NodeProto], list[NodeProto] | None]) -> None:
        """Apply a rule to each node."""
        self.nodes = [new for node in self.nodes for new in (rule(self, node) or [node])]
        self._sources = {name: node for node in self.nodes for name in node.output}

    def write(self) -> None:
        """Put the nodes back, without those that nothing uses."""
        used = {o.name for o in self._model.graph.output}
        live = []
        for node in reversed(self.nodes):
            if used & set(node.output):
                live.append(node)
                used |= set(node.input)
        initializers = [i for i in self._model.graph.initializer if i.name in used]
        del self._model.graph.node[:], self._model.graph.initializer[:]
        self._model.graph.node.extend(reversed(live))
        self._model.graph.initializer.extend(initializers)


def rewrite(file: Path) -> bytes:
    """The same function as a cheaper graph.

    Args:
        file: an ONNX file with inputs of fixed size, in a folder where there is room for others.

    Returns:
        Content of the new file.
    """
    folded, described = file.with_name("folded.onnx"), file.with_name("described.onnx")
    fold_constants(file, folded)
    # From file to file: in memory, a network of 200 MB would be there six times over.
    onnx.shape_inference.infer_shapes_path(folded, described)
    model = onnx.load(described)
    graph = Graph(model)
    for rule in RULES:
        graph.replace(rule)
    graph.write()
    content: bytes = model.SerializeToString()
    return content


def fold_constants(file: Path, folded: Path) -> None:
    """Write the same graph with every size and amount written out that the exporter leaves to be computed."""
    runtime = import_runtime()
    options = runtime.SessionOptions()
    options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(folded)
    runtime.InferenceSession(str(file), options, ["CPUExecutionProvider"])


def pad_inside(graph: Graph, node: NodeProto) -> list[NodeProto] | None:
    """Conv after Pad with zeros: the convolution pads by itself, without a copy of the map."""
    pad = graph.source(node.input[0], "Pad") if node.op_type == "Conv" else None
    if pad is None or attribute(pad, "mode", b"constant") != b"constant":
        return None
    amounts = graph.constant(pad.input[1])
    value = graph.constant(pad.input[2]) if len(pad.input) > 2 and pad.input[2] else np.zeros(1)
    if amounts is None or value is None or value.any() or amounts[[0, 1, 4, 5]].any():
        return None
    pads = np.array(attribute(node, "pads", [0, 0, 0, 0])) + amounts[[2, 3, 6, 7]]
    return [_conv(node, [pad.input[0], *node.input[1:]], node.output[0], pads=pads.tolist())]


def convolve_before_enlarging(graph: Graph, node: NodeProto) -> list[NodeProto] | None:
    """Conv 3×3 over a map enlarged to twice its size (nearest), alone or beside a skip connection.

    Each of the four pixels that come of one sees 2×2 pixels of the small map, so four convolutions 2×2 there do what
    one 3×3 did at four times the pixels: 4/9 of the multiplications. The skip connection is convolved by itself.
    """
    weight = _weight(graph, node, "Conv", 3)
    if weight is None or len(weight) < _FEWEST_CHANNELS or not _is_plain(node):
        return None
    beside = graph.source(node.input[0], "Concat")
    first, *skips = beside.input if beside is not None else node.input[:1]
    enlarged = graph.source(first, "Resize")
    if enlarged is None or len(skips) > 1 or not _doubles(graph, enlarged):
        return None
    out, inside = node.output[0], weight.shape[1] - sum(graph.shapes[s][1] for s in skips)
    small = enlarged.input[0]
    if not skips:
        return _by_phases(graph, small, _phases_of_enlarged(weight), out, list(node.input[2:]))
    rest = graph.add(f"{out}_skip_weight", weight[:, inside:])
    return [
        *_by_phases(graph, small, _phases_of_enlarged(weight[:, :inside]), f"{out}_enlarged", []),
        _conv(node, [skips[0], rest, *node.input[2:]], f"{out}_skip"),
        helper.make_node("Add", [f"{out}_skip", f"{out}_enlarged"], [out]),
    ]


def transpose_by_phases(graph: Graph, node: NodeProto) -> list[NodeProto] | None:
    """ConvTranspose 4×4 with stride 2: four convolutions 2×2, for which runtimes have far better code."""
    weight = _weight(graph, node, "ConvTranspose", 4)
    if weight is None or attribute(node, "strides", []) != [2, 2] or attribute(node, "pads", []) != [1, 1, 1, 1]:
        return None
    if attribute(node, "group", 1) != 1 or attribute(node, "output_padding", [0, 0]) != [0, 0]:
        return None
    phases = _phases_of_transposed(weight.transpose(1, 0, 2, 3))
    if len(phases[0, 0]) == 1:
        return _by_blocks(graph, node, np.concatenate(list(_blocks(phases, 2).values())), stride=2)
    if node.input[0] not in graph.shapes:
        return None
    return _by_phases(graph, node.input[0], phases, node.output[0], list(node.input[2:]))


def head_by_blocks(graph: Graph, node: NodeProto) -> list[NodeProto] | None:
    """Conv 3×3 with one output: runtimes compute sixteen at a time and throw fifteen away, so give sixteen pixels."""
    weight = _weight(graph, node, "Conv", 3)
    if weight is None or len(weight) != 1 or not _is_plain(node):
        return None
    if any(side % _BLOCK for side in graph.shapes.get(node.output[0], [1, 1, 1, 1])[2:]):
        return None
    blocks = np.concatenate(list(_blocks({(0, 0): weight}, 1).values()))
    return _by_blocks(graph, node, blocks, stride=_BLOCK)


RULES = (pad_inside, convolve_before_enlarging, transpose_by_phases, head_by_blocks)


def _phases_of_enlarged(weight: FloatArray) -> Phases:
    """(O, I, 3, 3) weights over the large map as (O, I, 2, 2) over the small one, for each of four pixels."""

    def merge(w: FloatArray, phase: int, axis: int) -> FloatArray:
        a, b, c = np.moveaxis(w, axis, 0)
        return np.stack((a, b + c) if phase == 0 else (a + b, c), axis)

    return {(i, j): merge(merge(weight, i, 2), j, 3) for i in (0, 1) for j in (0, 1)}


def _phases_of_transposed(weight: FloatArray) -> Phases:
    """(O, I, 4, 4) weights with stride 2 and padding 1, by the pixels of the large map that each tap reaches."""
    taps = ([3, 1], [2, 0])
    return {(i, j): weight[:, :, taps[i]][:, :, :, taps[j]] for i in (0, 1) for j in (0, 1)}


def _blocks(phases: Phases, scale: int) -> Phases:
    """For each pixel of a block of _BLOCK × _BLOCK its weights over all that the block sees, zero where it does not.

    Args:
        phases: weights for each of scale × scale pixels, (1, I, k, k) each.
        scale: how many times larger than the map below the result is.
    """
    _, inside, reach, _ = phases[0, 0].shape
    side = _BLOCK // scale + 2
    blocks = {}
    for row in range(_BLOCK):
        for column in range(_BLOCK):
            block = np.zeros((1, inside, side, side), np.float32)
            # A phase that is not the first begins one pixel later.
            top, left = row // scale + row % scale, column // scale + column % scale
            block[:, :, top : top + reach, left : left + reach] = phases[row % scale, column % scale]
            blocks[row, column] = block
    return blocks


def _by_phases(graph: Graph, x: str, phases: Phases, out: str, bias: list[str]) -> list[NodeProto]:
    """A convolution for each of four pixels, then the pixels in order."""
    names = [f"{out}_{row}{column}" for row, column in phases]
    convolutions = [
        helper.make_node(
            "Conv",
            [x, graph.add(f"{name}_weight", weight), *bias],
            [name],
            kernel_shape=[2, 2],
            pads=[1 - row, 1 - column, row, column],
        )
        for name, ((row, column), weight) in zip(names, phases.items(), strict=True)
    ]
    return [
        *convolutions,
        helper.make_node("Concat", names, [f"{out}_phases"], axis=1),
        *_in_order(graph, f"{out}_phases", len(phases[0, 0]), graph.shapes[x][2:], out),
    ]


def _in_order(graph: Graph, phases: str, channels: int, size: Sequence[int], out: str) -> list[NodeProto]:
    """What DepthToSpace does for four phases, as two plain transpositions: a third of its time in ONNX Runtime.

    Args:
        graph: gets the constants.
        phases: name of (1, 4 · channels, H, W), the phase before the channel.
        channels: of the result.
        size: H and W.
        out: name of the result, (1, channels, 2H, 2W).
    """
    height, width = size
    names = [phases, *(f"{out}_{step}" for step in ("paired", "columns", "halves", "rows")), out]
    pairs = [2, 2, channels * height * width]  # rows' phase, columns' phase, everything else
    lines = [2, channels * height, 2 * width]
    whole = [1, channels, 2 * height, 2 * width]

    def reshape(step: int, shape: list[int]) -> NodeProto:
        wanted = graph.add(f"{names[step + 1]}_shape", np.array(shape, np.int64))
        return helper.make_node("Reshape", [names[step], wanted], [names[step + 1]])

    return [
        reshape(0, pairs),
        helper.make_node("Transpose", [names[1]], [names[2]], perm=[0, 2, 1]),
        reshape(2, lines),
        helper.make_node("Transpose", [names[3]], [names[4]], perm=[1, 0, 2]),
        reshape(4, whole),
    ]


def _by_blocks(graph: Graph, node: NodeProto, weight: FloatArray, stride: int) -> list[NodeProto]:
    """One convolution that gives a block of pixels at once, then the pixels in order."""
    out, side = node.output[0], weight.shape[2]
    inputs = [node.input[0], graph.add(f"{out}_blocks_weight", weight)]
    if len(node.input) > 2:
        bias = graph.constant(node.input[2])
        assert bias is not None  # the exporter writes weights and biases as constants
        inputs.append(graph.add(f"{out}_blocks_bias", np.repeat(bias, len(weight))))
    return [
        helper.make_node(
            "Conv",
            inputs,
            [f"{out}_blocks"],
            kernel_shape=[side, side],
            strides=[stride, stride],
            pads=[1, 1, 1, 1],
        ),
        helper.make_node("DepthToSpace", [f"{out}_blocks"], [out], blocksize=_BLOCK, mode="DCR"),
    ]


def _weight(graph: Graph, node: NodeProto, kind: str, side: int) -> FloatArray | None:
    """Weights of a square convolution of this kind and size, else None."""
    weight = graph.constant(node.input[1]) if node.op_type == kind else None
    return None if weight is None or weight.shape[2:] != (side, side) else weight.astype(np.float32)


def _is_plain(conv: NodeProto) -> bool:
    """Whether a 3×3 convolution keeps the size and looks at direct neighbours in all channels."""
    return (
        attribute(conv, "pads", [0] * 4) == [1] * 4
        and attribute(conv, "strides", [1, 1]) == [1, 1]
        and attribute(conv, "dilations", [1, 1]) == [1, 1]
        and attribute(conv, "group", 1) == 1
    )


def _doubles(graph: Graph, resize: NodeProto) -> bool:
    """Whether each pixel becomes a square of four equal ones."""
    if attribute(resize, "mode", b"nearest") != b"nearest" or resize.output[0] not in graph.shapes:
        return False
    before, after = graph.shapes.get(resize.input[0]), graph.shapes[resize.output[0]]
    return before is not None and [*before[:2], *(2 * n for n in before[2:])] == after


def _conv(like: NodeProto, inputs: list[str], out: str, **changes: object) -> NodeProto:
    attributes = {a.name: helper.get_attribute_value(a) for a in like.attribute}
    return helper.make_node("Conv", inputs, [out], **{**attributes, **changes})


def attribute(node: NodeProto, name: str, default: T) -> T:
    """Value of an attribute, the default where it is not written."""
    for a in node.attribute:
        if a.name == name:
            value = helper.get_attribute_value(a)
            return numpy_helper.to_array(value) if isinstance(value, onnx.TensorProto) else value  # type: ignore[return-value]
    return default
