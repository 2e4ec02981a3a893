"""The engine's front door: a graph and an instant in, everything there is to say about it out."""

from datetime import datetime

from apps.engine.arrays.answer import Answer
from apps.engine.arrays.tables import Tables, tables_from_graph
from apps.engine.thresholds import DEFAULT_THRESHOLDS, Thresholds
from apps.engine.values import Graph

__all__ = ["Answer", "Tables", "analyse", "tables_from_graph"]


def analyse(graph: Graph, now: datetime, thresholds: Thresholds = DEFAULT_THRESHOLDS) -> Answer:
    """Analyse a graph whose references resolve, as of ``now`` (aware)."""
    return Answer(tables_from_graph(graph), now, thresholds)
