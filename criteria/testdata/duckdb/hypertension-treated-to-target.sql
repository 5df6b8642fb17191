with
  ever as (
    select distinct person, code_set as had
    from happened join codes using (system, code)
    where code_set in ('hypertension', 'end-of-life') and latest <= date '{{on}}'
  ),
  readings as (
    select person, code_set as which, day, minute, kind, system, code, class, status, unit, comparator,
      case unit when 'mm[Hg]' then value when 'kPa' then value * 1000 / 133.322387415 end as pressure
    from happened join codes using (system, code)
    where code_set in ('systolic', 'diastolic') and value is not null
      and day > date '{{on}}' - interval 12 months and latest <= date '{{on}}'
  ),
  latest_readings as (
    select person,
      max({'day': day, 'minute': minute, 'kind': kind, 'system': system, 'code': code, 'class': class, 'status': status,
        'unit': unit, 'comparator': comparator, 'pressure': pressure}) filter (which = 'systolic') as systolic,
      max({'day': day, 'minute': minute, 'kind': kind, 'system': system, 'code': code, 'class': class, 'status': status,
        'unit': unit, 'comparator': comparator, 'pressure': pressure}) filter (which = 'diastolic') as diastolic
    from readings where pressure is not null
    group by person
  )
select practice,
  case
    when exists (select 1 from ever e where e.person = living.person and e.had = 'end-of-life') then 'excluded'
    when systolic.pressure < case when age < 80 then 140 else 150 end and diastolic.pressure < 90 then 'met'
    else 'gap'
  end as answer,
  count(*) as people
from living
join ever on ever.person = living.person and ever.had = 'hypertension'
left join latest_readings on latest_readings.person = living.person
where registered and age >= 18
group by all
