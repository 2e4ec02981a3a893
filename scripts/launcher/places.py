"""Where things lie in this checkout."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"
VAR = Path(os.environ.get("VENDORRISK_VAR_DIR") or ROOT / "var").expanduser().resolve()
LOGS = VAR / "log"


def shown(path: Path) -> str:
    """The path as a person in the checkout would type it."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def plain_environment(**extra: str) -> dict[str, str]:
    """This process's environment for a child: other Pythons' settings out, ours in."""
    foreign = {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__", "PIP_USER"}
    foreign |= {"DJANGO_SETTINGS_MODULE"}
    foreign |= {"PYTHONDONTWRITEBYTECODE"}  # without its compiled files every start takes long
    kept = {name: value for name, value in os.environ.items() if name not in foreign}
    return kept | {"VENDORRISK_VAR_DIR": str(VAR), "PYTHONUNBUFFERED": "1"} | extra
