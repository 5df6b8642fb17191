-- The flat form as the definitions read it (docs/timeline-format.md and
-- docs/criteria.md): the living with their age, and what happened to them with
-- the days it may have been. {{folder}}, {{codes}} and {{on}} are filled in.

create table codes as select * from read_csv('{{codes}}', all_varchar = true);

create table living as
select person, coalesce(practice, '') as practice,
  practice is not null and coalesce(registered <= date '{{on}}', true) as registered,
  year(date '{{on}}') - year(born)
    - (month(date '{{on}}') * 100 + day(date '{{on}}') < month(born) * 100 + day(born))::int as age
from '{{folder}}/people.parquet'
where coalesce(born <= date '{{on}}', true) and coalesce(died > date '{{on}}', true);

-- A column that is empty from end to end may be missing.
create view events as
select * from '{{folder}}/events.parquet'
union all by name
select null::varchar as class, null::varchar as unit, null::varchar as comparator, null::double as value, null::timestamptz as recorded
where false;

create view dated as
select *, timezone('Europe/London', "at") as local,
  case when precision = 'instant' then timezone('Europe/London', "at")::date else timezone('UTC', "at")::date end as day,
  timezone('Europe/London', recorded)::date as entered
from events
where coalesce(status, '') not in ('cancelled', 'draft', 'entered-in-error', 'not-done', 'on-hold', 'planned',
  'preparation', 'proposed', 'registered', 'rejected', 'requested', 'revoked', 'waitlist');

-- latest is the last day that it may have been: a date known to the month or
-- the year is some day of it, and no later than the day on which it was entered.
create table happened as
select person, kind, coalesce(system, '') as system, code, coalesce(class, '') as class, coalesce(status, '') as status,
  coalesce(unit, '') as unit, coalesce(comparator, '') as comparator, value, day,
  case precision when 'year' then -3 when 'month' then -2 when 'day' then -1 else hour(local) * 60 + minute(local) end as minute,
  case
    when precision in ('year', 'month') then
      least(case precision when 'year' then make_date(year(day), 12, 31) else last_day(day) end,
        case when entered > day then entered else date '9999-12-31' end)
    else day
  end as latest
from dated;
