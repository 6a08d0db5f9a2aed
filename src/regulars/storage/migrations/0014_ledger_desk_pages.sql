-- What the desk's pages list, found by index, and why somebody decided as they did.

alter table ledger_adjustments add column decided_because text check (decided_because <> '');
alter table ledger_freezes add column lifted_because text check (lifted_because <> '');
alter table ledger_passes add column pieces int not null default 0;  -- in how many transactions it has been gone through

drop index ledger_adjustments_open;
create index ledger_adjustments_waiting on ledger_adjustments (proposed_at, adjustment_id) where decided_at is null;
create index ledger_adjustments_rejected on ledger_adjustments (proposed_at, adjustment_id) where decision = 'rejected';
create index ledger_adjustments_by_member on ledger_adjustments (member_id, proposed_at, adjustment_id);
create index ledger_freezes_open on ledger_freezes (frozen_at, account_id) where lifted_at is null;
