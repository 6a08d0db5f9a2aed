"""Where the analytics run: DuckDB, embedded in this process, over Arrow.

An engine answers SQL texts written in DuckDB's dialect over named Arrow tables, and knows nothing of what they mean.

    engine = Engine({"purchases": purchases})
    with engine.session() as session:
        table = session.ask("select count(*) as orders from purchases")
"""

from regulars.insight.engine._duckdb import Engine, Session
from regulars.insight.engine._one_pass import CELLS, SCORED, Bounds, OutOfBounds, fifths, numbered, one_pass

__all__ = ["CELLS", "SCORED", "Bounds", "Engine", "OutOfBounds", "Session", "fifths", "numbered", "one_pass"]
