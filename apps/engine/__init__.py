"""The engine: who reaches which model, held by what. Pure Python: no Django, no I/O, no clock.

Start with ``values`` (the facts and the answers), then ``closure`` (the definition of right).
"""
