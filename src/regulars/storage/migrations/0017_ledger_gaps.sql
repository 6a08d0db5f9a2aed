-- What kinds of points are called; null: by their code.
alter table ledger_point_types add column name_en text check (name_en <> ''), add column name_zh text check (name_zh <> '');
