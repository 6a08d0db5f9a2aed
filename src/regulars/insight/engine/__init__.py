"""Where the analytics run: DuckDB, embedded in this process, over Arrow.

An engine answers SQL texts written in DuckDB's dialect over named Arrow tables, and knows nothing of what they mean.

    engine = Engine({"purchases": purchases})
    with engine.session() as session:
        table = session.ask("select count(*) as orders from purchases")
"""

from regulars.insight.engine._duckdb import Engine, Session

__all__ = ["Engine", "Session"]
