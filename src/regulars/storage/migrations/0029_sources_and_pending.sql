-- What a limit counts is got for an order, an event, an occasion or a goal: the column says so now.
alter table programme_uses rename column order_id to source_id;

-- What is pending beside what is available: whoever is to give points back gives those first that wait.
create or replace view ledger_balances as
select a.account_id, a.member_id, a.point_type,
       case when a.joined is null then a.available
            else (select h.available from ledger_accounts h where h.account_id = ledger_home(a.account_id)) end as available,
       case when a.joined is null then a.pending
            else (select h.pending from ledger_accounts h where h.account_id = ledger_home(a.account_id)) end as pending
from ledger_accounts a;
