"""Where the web page is, once it has been built."""

from pathlib import Path
from typing import Final

BUILT: Final = Path(__file__).with_name("page")
"""What the package's build makes of web/. It is missing where no npm registry was available."""
