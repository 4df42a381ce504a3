"""Draws icon.svg as the picture that PyInstaller makes .ico and .icns files of; run it when the drawing changes.

python packaging/draw_icon.py
"""

from pathlib import Path

from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

SIDE_PX = 512
FOLDER = Path(__file__).parent

if __name__ == "__main__":
    application = QGuiApplication(["draw_icon", "-platform", "offscreen"])
    picture = QImage(SIDE_PX, SIDE_PX, QImage.Format.Format_ARGB32)
    picture.fill(0)
    painter = QPainter(picture)
    QSvgRenderer(str(FOLDER / "icon.svg")).render(painter)
    painter.end()
    picture.save(str(FOLDER / "icon.png"))
