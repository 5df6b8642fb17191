with
  old as (select person, practice from living where registered and age >= 65),
  deficits as (
    select distinct person, code_set as deficit
    from happened join codes using (system, code) semi join old using (person)
    where latest <= date '{{on}}' and code_set in (
      'activity-limitation', 'anaemia', 'arthritis', 'atrial-fibrillation', 'breathlessness', 'chronic-kidney-disease',
      'coronary-heart-disease', 'diabetes', 'dizziness', 'fall', 'foot-problem', 'fragility-fracture', 'hearing-loss',
      'heart-failure', 'heart-valve-disease', 'housebound', 'hypertension', 'hypotension-or-syncope', 'memory-problem',
      'mobility-problem', 'osteoporosis', 'parkinsonism-or-tremor', 'peptic-ulcer', 'peripheral-arterial-disease',
      'requirement-for-care', 'respiratory-disease', 'skin-ulcer', 'sleep-disturbance', 'social-vulnerability',
      'stroke-tia', 'thyroid-disease', 'urinary-incontinence', 'urinary-system-disease', 'visual-impairment', 'weight-loss')
    union all
    select person, 'polypharmacy'
    from happened semi join old using (person)
    where kind = 'MedicationRequest' and day > date '{{on}}' - interval 12 months and latest <= date '{{on}}'
    group by person
    having count(distinct case when system = '' then lower(coalesce(code, '')) else system || '|' || code end) >= 5
  ),
  counted as (select person, practice, count(deficit) as n from old left join deficits using (person) group by all)
select practice,
  case when n >= 13 then 'severe, over 0.36' when n >= 9 then 'moderate, over 0.24' when n >= 5 then 'mild, over 0.12' else 'fit' end as answer,
  count(*) as people
from counted group by all
