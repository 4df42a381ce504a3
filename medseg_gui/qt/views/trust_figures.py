"""How far to trust the explanation on screen: a plain word, the reason, and the figures behind it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFormLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from medseg_gui.errors import NothingPredictedError
from medseg_gui.qt import theme
from medseg_gui.qt.relevance_words import VERDICT_SIGNS, ledger_text
from medseg_gui.qt.state.explanation import ExplanationState
from medseg_gui.qt.views.relevance_overlay import VERDICT_COLOURS
from medseg_gui.qt.views.share_bars import ShareBars
from medseg_gui.types import Target, Trust

_NO_FIGURE = "–"
_NEAREST_MISS = ("Explain the nearest miss", "Explain the strongest pixels below the threshold", "nearest_miss")
_WHOLE_MASK = ("Explain the whole mask", "Explain all that is marked", "mask")
# Target that was refused -> what is offered instead: text, tooltip, target.
_INSTEAD = {"mask": _NEAREST_MISS, "rim": _NEAREST_MISS, "lesion": _WHOLE_MASK, "nearest_miss": _WHOLE_MASK}


class TrustFigures(QWidget):
    """The trust of the newest relevance, or why there is none."""

    def __init__(self, explanation: ExplanationState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._explanation = explanation
        self.verdict = QLabel()
        self.verdict.setProperty("heading", True)
        self.reason = QLabel(wordWrap=True)
        self.instead = QPushButton()
        self.shares = ShareBars()
        self.skips = ShareBars()
        self.ledger, self.stability, self.agreement = QLabel(), QLabel(), QLabel()
        self.measure = QPushButton("Measure")
        self.measure.setToolTip(
            "Explain slightly noisy copies of this frame as well and compare: takes several times as long"
        )
        for button in (self.instead, self.measure):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._figures = self._build_figures()
        self._arrange()
        self._connect()
        self.on_changed()

    def _build_figures(self) -> QWidget:
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        self.shares.setToolTip(
            "Shares of the absolute relevance; what lies outside is the part that the mask does not show"
        )
        column.addWidget(self.shares)
        stability = QWidget()
        row = QHBoxLayout(stability)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.stability, 1)
        row.addWidget(self.measure)
        form = QFormLayout()
        form.setVerticalSpacing(4)
        for text, tip, widget in (
            (
                "Ledger error",
                "Relevance that came in or went lost unaccounted, as a share of what was explained",
                self.ledger,
            ),
            ("Stability", "Rank correlation with the maps of slightly noisy copies; below 0.8 is unstable", stability),
            ("Agreement", "Rank correlation with a second method", self.agreement),
        ):
            name = QLabel(text)
            name.setToolTip(tip)
            widget.setToolTip(tip)
            form.addRow(name, widget)
        column.addLayout(form)
        self._skips_title = QLabel("Carried by skip connections")
        self._skips_title.setToolTip("Share of the decision that went past the bottleneck over each skip connection")
        column.addWidget(self._skips_title)
        column.addWidget(self.skips)
        return holder

    def _arrange(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        for widget in (self.verdict, self.reason, self.instead, self._figures):
            column.addWidget(widget)

    def _connect(self) -> None:
        explanation = self._explanation
        self.instead.clicked.connect(self._on_instead_clicked)
        self.measure.clicked.connect(explanation.ask_stability)
        explanation.answer_changed.connect(self.on_changed)
        explanation.request_changed.connect(self.on_changed)
        explanation.computing_changed.connect(self.on_changed)

    def on_changed(self) -> None:
        """Show the newest answer."""
        relevance, refusal = self._explanation.relevance, self._explanation.refusal
        is_waiting = self._explanation.is_on and relevance is None and refusal is None
        # What was there stays, dim, until the next is known: a panel that jumps cannot be read.
        self._figures.setVisible(relevance is not None or (is_waiting and not self._figures.isHidden()))
        self._figures.setEnabled(relevance is not None)
        self._offer_instead()
        if relevance is not None:
            self._show_trust(relevance.trust)
        elif refusal is not None:
            self._show_words("No explanation", str(refusal), theme.WARNING)
        elif is_waiting:
            self._show_words("Explaining…", self.reason.text() if self._figures.isVisible() else "", theme.TEXT)
        else:
            self._show_words("", "Press Tab to see why the network says so.", theme.TEXT)

    def _offer_instead(self) -> None:
        """What can be explained where there is no such mask, or no such lesion."""
        refused = isinstance(self._explanation.refusal, NothingPredictedError)
        text, tip, _ = _INSTEAD.get(self._explanation.target.kind, ("", "", ""))
        self.instead.setText(text)
        self.instead.setToolTip(tip)
        self.instead.setVisible(refused and bool(text))

    def _on_instead_clicked(self) -> None:
        self._explanation.set_target(Target(_INSTEAD[self._explanation.target.kind][2]))

    def _show_words(self, verdict: str, reason: str, colour: str) -> None:
        self.verdict.setText(verdict)
        self.verdict.setStyleSheet(f"color: {colour}")
        self.verdict.setVisible(bool(verdict))
        self.reason.setText(reason)
        self.reason.setVisible(bool(reason))

    def _show_trust(self, trust: Trust) -> None:
        sign = VERDICT_SIGNS.get(trust.verdict, "")
        self._show_words(f"{sign} {trust.verdict}", trust.reason, VERDICT_COLOURS.get(trust.verdict, theme.TEXT))
        self.shares.set_shares({"Inside": trust.inside, "At the rim": trust.rim, "Outside": trust.outside})
        self.ledger.setText(ledger_text(trust.ledger_error) if trust.ledger_error is not None else "keeps none")
        self.stability.setText(_figure(trust.stability))
        self.measure.setVisible(trust.stability is None)
        self.measure.setEnabled(not self._explanation.wants_stability)
        self.agreement.setText(_figure(trust.agreement))
        self.skips.set_shares(trust.skips)
        for widget in (self._skips_title, self.skips):
            widget.setVisible(bool(trust.skips))


def _figure(value: float | None) -> str:
    return f"{value:.2f}" if value is not None else _NO_FIGURE
