"""The route picture: from a finding's witness to a drawing, in steps that can be read one by one.

``build`` turns stored hops and looked-up facts into a ``route.Route``; ``wide`` and ``tall`` lay it
out for a desk and a phone, ``strip`` for a row of a list; templates print the shapes. ``sentences``
says the same in words. Only ``telling`` asks the database, through selectors.
"""
