"""What a browser calls itself, in two words that its owner recognises."""

# The first that is found counts: many browsers name those they descend from as well.
_BROWSERS = {"Edg": "Edge", "OPR": "Opera", "Firefox": "Firefox", "Chrome": "Chrome"}
_BROWSERS |= {"Safari": "Safari", "curl": "curl"}
_SYSTEMS = {"iPhone": "iPhone", "iPad": "iPad", "Android": "Android", "Windows": "Windows"}
_SYSTEMS |= {"Mac OS X": "macOS", "CrOS": "ChromeOS", "Linux": "Linux"}


def browser_words(agent: str) -> str:
    """ "Firefox on Windows", "Safari", or that it is not known."""
    found = [_first(agent, _BROWSERS), _first(agent, _SYSTEMS)]
    return " on ".join(filter(None, found)) or "Browser not known"


def _first(agent: str, names: dict[str, str]) -> str:
    return next((words for name, words in names.items() if name in agent), "")
