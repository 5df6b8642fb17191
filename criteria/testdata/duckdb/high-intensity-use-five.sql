select practice, 'met' as answer, count(*) as people
from living
join (
  select person from happened
  where kind = 'Encounter' and class = 'EMER'
    and day > date '{{on}}' - interval 12 months and latest <= date '{{on}}'
  group by person having count(*) >= 5
) often using (person)
group by practice
