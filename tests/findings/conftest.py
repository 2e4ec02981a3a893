"""What the tests of findings share."""

import pytest

from tests.access.story import Story, tell_story


@pytest.fixture(scope="module")
def story(module_rows: None) -> Story:  # noqa: ARG001 - what is stored stays for the module
    """The back door, stored and scanned once for the module."""
    return tell_story()
