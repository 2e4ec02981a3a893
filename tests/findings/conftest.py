"""What the tests of findings share."""

import pytest

from tests.access.story import Story, tell_story


@pytest.fixture
def story(db: None) -> Story:  # noqa: ARG001 - asked for so that there is a database
    """The back door, stored and scanned."""
    return tell_story()
