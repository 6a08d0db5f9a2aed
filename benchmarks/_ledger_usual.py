"""The usual service, as a peer for `ledger.py`: FastAPI, an ORM, a row lock and a transaction per request.

python benchmarks/_ledger_usual.py URL PORT
"""

import sys
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import uvicorn
from _ledger_peers import EXPIRY, digest
from fastapi import FastAPI, Header, HTTPException
from psycopg.conninfo import conninfo_to_dict
from pydantic import BaseModel, Field
from sqlalchemy import URL, BigInteger, DateTime, SmallInteger, Text, Uuid, select
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from regulars import ledger


class Base(DeclarativeBase):
    pass


class Account(Base):
    __tablename__ = "ledger_accounts"
    account_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    bucket: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    seq: Mapped[int]
    available: Mapped[int] = mapped_column(BigInteger)
    due_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class Entry(Base):
    __tablename__ = "ledger_entries"
    account_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    bucket: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    kind: Mapped[int] = mapped_column(SmallInteger)
    amount: Mapped[int] = mapped_column(BigInteger)
    available: Mapped[int] = mapped_column(BigInteger)
    occurred_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    posted_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    idem: Mapped[Any] = mapped_column(Uuid)
    expires_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    reference: Mapped[str] = mapped_column(Text)
    alloc: Mapped[list[int] | None] = mapped_column(ARRAY(BigInteger))


class Lot(Base):
    __tablename__ = "ledger_lots"
    account_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)
    bucket: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    remaining: Mapped[int] = mapped_column(BigInteger)


class Fact(Base):
    __tablename__ = "facts"
    fact_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    occurred_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    member_id: Mapped[int] = mapped_column(BigInteger)
    subject_id: Mapped[int] = mapped_column(BigInteger)
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)


class Wanted(BaseModel):
    amount: int = Field(gt=0, le=10**12)
    reference: str = Field(min_length=1, max_length=200)
    expires_at: datetime | None = None


class Posted(BaseModel):
    status: str
    reference: str
    amount: int
    available: int
    number: int


def sessions(url: str) -> async_sessionmaker[AsyncSession]:
    parts = conninfo_to_dict(url)
    address = URL.create(
        "postgresql+asyncpg", parts.get("user"), parts.get("password"), database=parts["dbname"],
        query={"host": str(parts["host"]), "port": str(parts.get("port", 5432))},
    )  # fmt: skip
    return async_sessionmaker(
        create_async_engine(address, pool_size=32, max_overflow=0, pool_timeout=60), expire_on_commit=False
    )


app = FastAPI()
session = sessions(sys.argv[1])


@app.post("/members/{member_id}/{what}", status_code=201)
async def post(
    member_id: int, what: Literal["earns", "spends"], wanted: Wanted, authorization: Annotated[str, Header()]
) -> Posted:
    if authorization != "Bearer secret":
        raise HTTPException(401)
    at, earning = datetime.now(UTC), what == "earns"
    account_id = ledger.account_id(member_id, "points")
    async with session() as db, db.begin():
        query = select(Account).where(Account.account_id == account_id, Account.bucket == account_id % 256)
        account = (await db.scalars(query.with_for_update())).one()
        idem = digest(wanted.reference)
        known = select(Entry).where(Entry.account_id == account_id, Entry.idem == idem)
        if (await db.scalars(known)).first():
            raise HTTPException(409)
        lots = select(Lot).where(Lot.account_id == account_id, Lot.expires_at > at).order_by(Lot.expires_at)
        alloc = None
        if earning:
            lot = (await db.scalars(lots.where(Lot.expires_at == EXPIRY).with_for_update())).first()
            if lot is None:
                db.add(Lot(account_id=account_id, bucket=account.bucket, expires_at=EXPIRY, remaining=wanted.amount))
            else:
                lot.remaining += wanted.amount
        elif account.available < wanted.amount:
            raise HTTPException(409)
        else:
            left, alloc = wanted.amount, []
            for lot in (await db.scalars(lots.with_for_update())).all():
                taken = min(left, lot.remaining)
                alloc += [int(lot.expires_at.timestamp()) * 1_000_000, -taken]
                lot.remaining, left = lot.remaining - taken, left - taken
                if not lot.remaining:
                    await db.delete(lot)
                if not left:
                    break
        change = wanted.amount if earning else -wanted.amount
        account.available, account.seq = account.available + change, account.seq + 1
        db.add(
            Entry(
                account_id=account_id, seq=account.seq, bucket=account.bucket, kind=1 if earning else 2, amount=change,
                available=account.available, occurred_at=at, posted_at=at, idem=idem,
                expires_at=EXPIRY if earning else None, reference=wanted.reference, alloc=alloc,
            )
        )  # fmt: skip
        told = {"amount": wanted.amount, "balance": account.available, "reference": wanted.reference}
        name = "points.earned" if earning else "points.spent"
        db.add(Fact(name=name, occurred_at=at, recorded_at=at, member_id=member_id, subject_id=account_id, data=told))
    return Posted(
        status="posted", reference=wanted.reference, amount=change, available=account.available, number=account.seq
    )


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[2]), log_level="warning", access_log=False, server_header=False)
