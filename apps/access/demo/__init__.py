"""The demo portfolio: ``fixtures/demo`` read and written out as interchange documents.

The files state organisations in a short notation (``fixtures/demo/README.md``) and what happened to
them as plain rows, step by step. ``times`` works out when, ``organisations`` what the notation
stands for, ``portfolio`` puts it all together.
"""
