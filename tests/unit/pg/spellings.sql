-- spellings.sql - expressions of many forms, some of which the server prints in another way after a
-- dump and restore.
create table t (id int, x int, y int, z int, v varchar(20), c char(3), tx text, n numeric, m numeric(10,2), f float8, r real, b bigint, s smallint, d date, ts timestamp, tz timestamptz, bo boolean, j jsonb, va varchar(50)[] default array['x','y'], na numeric(10,2)[] default array[1,2], ta text[] default array['a'::varchar,'b'], ea text[] default array[]::text[], ea2 varchar[] default '{}', i interval default '7 days', ia int[] default array[1,2], ba bigint[] default array[1,2],
 m2 numeric default 1e3, f2 float8 default 1e3, f3 float8 default -0.5, m3 numeric(10,2) default -1, b2 bigint default 3000000000, d2 date default current_date, ts2 timestamp default (now() at time zone 'utc'), bp char(3) default 'ab', v2 varchar(5) default 'ab'::varchar(10), t2 text default 'a'::varchar(3), m4 numeric default 1000::numeric, m5 numeric default '1000'::numeric, jj jsonb default '{}'::jsonb, u uuid default gen_random_uuid(), bb bytea default '\x00ff', mo money default 5, ti time default '10:00', bit3 bit(3) default b'101', inet1 inet default '1.2.3.4', xm xml default '<a/>', pt point default '(1,2)', rg int4range default '[1,5)', ex text default 'a' || 'b', ca text default case when true then 'a' else 'b' end, sq int default nullif(1,2), vd varchar default coalesce('a','b'));
alter table t
 add constraint c1 check (x between 1 and 2 and y > 0),
 add constraint c2 check (y > 0 and x between 1 and 2),
 add constraint c3 check (x not between 1 and 2 or y > 0),
 add constraint c4 check ((x,y) = (1,2) and z > 0),
 add constraint c5 check (x in (y, z, 5) or bo),
 add constraint c6 check (x not in (y, z) and bo),
 add constraint c7 check (n > 1e3),
 add constraint c8 check (f > 1e3 and r < -0.5),
 add constraint c9 check (v in ('a','b') and x between 1 and 5 and c in ('a','b')),
 add constraint c10 check (b > 3000000000 and s > -1 and b > -3000000000),
 add constraint c11 check (d between '2020-01-01' and '2021-01-01' and tz > '2020-01-01'),
 add constraint c12 check (v ~ '^[a-z]+$' and length(v) > 3 and v like 'a%' and tx ilike 'b' escape 'x'),
 add constraint c13 check ((x,y) < (1,2)),
 add constraint c14 check (x is not distinct from y and not (bo is true)),
 add constraint c15 check (v = any (array['a','b']::varchar[])),
 add constraint c16 check (tx = any ('{a,b}')),
 add constraint c17 check (n in (1, 2.5, 1e3)),
 add constraint c18 check (f in (1, 2.5)),
 add constraint c19 check (((x > 1 and y > 1) and z > 1) or ((x < 1 or y < 1) or z < 1)),
 add constraint c20 check (x between symmetric 1 and y and bo),
 add constraint c21 check (n = 1000::numeric and m = 10::numeric(10,2) and n = -5),
 add constraint c22 check (v::text = any (array['a'::varchar(3), 'b']::text[])),
 add constraint c23 check (extract(year from d) > 2000 and date_trunc('day', ts) = ts and substring(tx from 1 for 2) = 'a' and trim(both ' ' from tx) <> '' and position('a' in tx) > 0),
 add constraint c24 check (case x when 1 then bo when 2 then y > 1 else false end),
 add constraint c25 check (coalesce(v,'a') in ('a','b')),
 add constraint c26 check (tx similar to 'a|b' and tx !~ 'c'),
 add constraint c27 check (jsonb_typeof(j) = 'object' and j ? 'a' and j->>'b' in ('x','y')),
 add constraint c28 check (c = 'a' and c::text = 'b' and v = 'x'),
 add constraint c29 check (i > '1 day' and ti between '01:00' and '02:00' and bo),
 add constraint c30 check (s in (1,2) and b in (1,2) and r in (1,2) and m in (1,2)),
 add constraint c31 check (v in ('a', 'b') is true),
 add constraint c32 check (v not in ('a', 'b') and upper(v) in ('A','B')),
 add constraint c33 check ((v in ('a','b')) = (x in (1,2)));
create index i1 on t (x) where x between 1 and 2 and y > 0;
create index i2 on t ((x between 1 and 2 and bo), lower(v), (v || 'a'), (n * 1e3)) where v in ('a','b') and x between 1 and 2;
create view w1 as select x between 1 and 2 and bo as a, v in ('a','b') as b, n * 1e3 as c, sum(x) over (order by y rows between 1 preceding and current row) > 1 and bo as d, row_number() over w as e from t where x between 1 and 2 and y between 2 and 3 and v in ('x','y') window w as (partition by y order by x range between unbounded preceding and unbounded following);
create view w2 as select a.x, b.y as yy from t a join t b using (id) left join lateral (select max(y) q from t where t.x between a.x and b.x and a.bo) l on l.q between 1 and 2 and true where exists (select 1 from t q where (q.x, q.y) = (a.x, a.y) and q.bo) order by 1 desc nulls last limit 10;
create view w3 as with recursive r(n) as (select 1 union all select n+1 from r where n between 1 and 10 and true) select n as n1, n::numeric(10,2) as n2, n::varchar(3) as n3, 'x' as q, null as nn, array_agg(n order by n) filter (where n between 1 and 2 and n > 0) as ag, grouping(n) as gr from r group by rollup(n) having count(*) between 1 and 2 and true;
create view w5 as select 'x' as q, x from t where x between 1 and 2 and true union all (select v, 2 from t where v in ('a','b') order by 1);
create view w4 as select * from (values (1,'a'::varchar),(2,'b')) v(a,b) where b in ('a','b') and a between 1 and 2 and (b, a) in (values ('a',1));
create materialized view mv as select x, count(*) filter (where v in ('a','b')) from t group by x;
create policy p on t using (x between 1 and 2 and bo) with check (v in ('a','b') and current_user in ('a','b'));
create rule r as on update to t where old.x between 1 and 2 and new.bo do also insert into t(x) values (1e3);
create function fa(x int, v varchar default 'q') returns boolean language sql begin atomic select x between 1 and 2 and v in ('a','b'); end;
create function tf() returns trigger language plpgsql as 'begin end';
create trigger tr before update on t for each row when (old.x between 1 and 2 and new.v in ('a','b')) execute function tf();
create table g (x int, v varchar, y boolean generated always as (x between 1 and 2 and v in ('a','b')) stored) partition by range ((x between 1 and 2 and x > 0));
create domain dd as varchar(10) default 'x' check (value in ('a','b')) check (value between 'a' and 'b' and value <> 'c');
create domain de as int default 1e3 check (value between 1 and 2 and value <> 3);
create statistics st on (x between 1 and 2 and bo), (n*1e3) from t;
