-- What kinds of points are called; null: by their code.
alter table ledger_point_types add column name_en text check (name_en <> ''), add column name_zh text check (name_zh <> '');

-- Up to which entries a member's statement is of the one account or the other. What was joined before this is told as before: from
-- the first entry of the account that is shared.
alter table ledger_joins
    add column own_seq int not null default 0,          -- the account's last entry when it had joined
    add column home bigint,                             -- where its points went: the account that `target` had joined, or that itself
    add column home_seq int not null default 0,         -- the last entry there before they came
    add column left_own_seq int not null default 0,     -- on leaving, the account's last entry before its share came
    add column left_home bigint,
    add column left_home_seq int not null default 0;    -- and the last entry there, the share taken
