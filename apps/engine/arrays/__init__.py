"""The analysis on arrays: the only place that knows numpy and scipy.

``tables`` (the facts as columns) -> ``bits`` (who reaches what, for many deployments at once) ->
``wires`` and ``acts`` (the derived relations) -> ``rules`` (findings as columns) -> ``routes`` (the
shortest chains that prove them).
"""
