// What the Synthea bundles hold and what each search must find in them,
// computed from the files alone: this script shares nothing with Joinery, and
// its rules are written from the FHIR R4 search page.
//
//   node oracle.mjs bundles.zip searches.txt > answers.json
//
// Hits are named "file/entry". It needs Node 18 or later and no packages.

import { readFileSync } from 'node:fs';
import { inflateRawSync } from 'node:zlib';

// ---- the files -------------------------------------------------------------

function* unzip(path) {
  const b = readFileSync(path);
  let end = b.length - 22;
  while (b.readUInt32LE(end) !== 0x06054b50) end--;
  let at = b.readUInt32LE(end + 16);
  for (let n = b.readUInt16LE(end + 10); n > 0; n--) {
    const method = b.readUInt16LE(at + 10), size = b.readUInt32LE(at + 20);
    const nameLen = b.readUInt16LE(at + 28), extra = b.readUInt16LE(at + 30), comment = b.readUInt16LE(at + 32);
    const local = b.readUInt32LE(at + 42);
    const name = b.toString('utf8', at + 46, at + 46 + nameLen);
    const from = local + 30 + b.readUInt16LE(local + 26) + b.readUInt16LE(local + 28);
    const packed = b.subarray(from, from + size);
    if (!name.endsWith('/')) yield [name, method === 0 ? packed : inflateRawSync(packed)];
    at += 46 + nameLen + extra + comment;
  }
}

const world = { byType: {}, byKey: new Map() };
const files = [...unzip(process.argv[2])].filter(([n]) => n.endsWith('.json'))
  .sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
files.forEach(([, data], f) => {
  const bundle = JSON.parse(data.toString('utf8'));
  const keyOf = new Map(bundle.entry.map((e, i) => [e.fullUrl, `${f}/${i}`]));
  bundle.entry.forEach((e, i) => {
    const item = { key: `${f}/${i}`, type: e.resource.resourceType, r: e.resource, keyOf, memo: {} };
    (world.byType[item.type] ??= []).push(item);
    world.byKey.set(item.key, item);
  });
});

// ---- the parameters: type and where their values stand ----------------------

const list = (v) => v === undefined || v === null ? [] : Array.isArray(v) ? v : [v];
// at walks a dotted path through every item of every array.
const at = (path) => (r) => path.split('.').reduce((vs, name) => vs.flatMap((v) => list(v[name])), [r]);
const any = (...paths) => (r) => paths.flatMap((p) => at(p)(r));
const humanName = (r) => list(r.name).flatMap((n) => [n.text, n.family, ...list(n.given), ...list(n.prefix), ...list(n.suffix)]).filter(Boolean);
const address = (r) => list(r.address).flatMap((a) => [a.text, ...list(a.line), a.city, a.district, a.state, a.country, a.postalCode]).filter(Boolean);
const telecom = (system) => (r) => list(r.telecom).filter((t) => !system || t.system === system);

const token = (get) => ({ kind: 'token', get });
const string = (get) => ({ kind: 'string', get });
const date = (get) => ({ kind: 'date', get });
const number = (get) => ({ kind: 'number', get });
const quantity = (get) => ({ kind: 'quantity', get });
const reference = (get) => ({ kind: 'reference', get });
// A composite's parts are read from one focus, so that they belong together.
const composite = (focus, ...parts) => ({ kind: 'composite', focus, parts });
const itself = (r) => [r];
const both = (r) => [r, ...list(r.component)];

const common = {
  _tag: token(at('meta.tag')),
  _id: { kind: 'id' },
  _lastUpdated: { kind: 'now' },
};
const people = { family: string(at('name.family')), given: string(at('name.given')), name: string(humanName) };
const places = {
  address: string(address), 'address-city': string(at('address.city')), 'address-state': string(at('address.state')),
  'address-postalcode': string(at('address.postalCode')), 'address-country': string(at('address.country')),
};
const params = {
  Patient: {
    ...people, ...places, gender: token(at('gender')), birthdate: date(at('birthDate')), identifier: token(at('identifier')),
    'death-date': date(at('deceasedDateTime')), language: token(at('communication.language')), phone: token(telecom('phone')),
    telecom: token(telecom()), 'general-practitioner': reference(at('generalPractitioner')),
    deceased: token((r) => [r.deceasedDateTime !== undefined || r.deceasedBoolean === true]),
  },
  Practitioner: { ...people, ...places, identifier: token(at('identifier')), gender: token(at('gender')), active: token(at('active')) },
  Organization: { name: string((r) => [r.name, ...list(r.alias)].filter(Boolean)), ...places, identifier: token(at('identifier')), type: token(at('type')), active: token(at('active')) },
  Encounter: {
    class: token(at('class')), type: token(at('type')), status: token(at('status')), date: date(at('period')),
    patient: reference(at('subject')), subject: reference(at('subject')), 'service-provider': reference(at('serviceProvider')),
    participant: reference(at('participant.individual')), 'reason-code': token(at('reasonCode')),
  },
  Observation: {
    code: token(at('code')), category: token(at('category')), status: token(at('status')),
    date: date(any('effectiveDateTime', 'effectivePeriod', 'effectiveInstant')), patient: reference(at('subject')), subject: reference(at('subject')),
    encounter: reference(at('encounter')), 'value-quantity': quantity(at('valueQuantity')), 'value-concept': token(at('valueCodeableConcept')),
    'value-string': string((r) => [...at('valueString')(r), ...at('valueCodeableConcept.text')(r)]),
    'component-code': token(at('component.code')), 'combo-code': token(any('code', 'component.code')),
    'component-value-quantity': quantity(at('component.valueQuantity')), 'combo-value-quantity': quantity(any('valueQuantity', 'component.valueQuantity')),
    'code-value-quantity': composite(itself, token(at('code')), quantity(at('valueQuantity'))),
    'code-value-concept': composite(itself, token(at('code')), token(at('valueCodeableConcept'))),
    'component-code-value-quantity': composite(at('component'), token(at('code')), quantity(at('valueQuantity'))),
    'combo-code-value-quantity': composite(both, token(at('code')), quantity(at('valueQuantity'))),
  },
  Condition: {
    code: token(at('code')), 'clinical-status': token(at('clinicalStatus')), 'onset-date': date(any('onsetDateTime', 'onsetPeriod')),
    'abatement-date': date(any('abatementDateTime', 'abatementPeriod')), patient: reference(at('subject')), subject: reference(at('subject')), encounter: reference(at('encounter')),
  },
  Procedure: {
    code: token(at('code')), date: date(any('performedDateTime', 'performedPeriod')), patient: reference(at('subject')),
    encounter: reference(at('encounter')), status: token(at('status')),
  },
  MedicationRequest: { authoredon: date(at('authoredOn')), patient: reference(at('subject')), requester: reference(at('requester')), code: token(at('medicationCodeableConcept')) },
  Immunization: { 'vaccine-code': token(at('vaccineCode')), date: date(at('occurrenceDateTime')), patient: reference(at('patient')) },
  CarePlan: { date: date(at('period')), category: token(at('category')), subject: reference(at('subject')), patient: reference(at('subject')), goal: reference(at('goal')) },
  Goal: { 'lifecycle-status': token(at('lifecycleStatus')), 'target-date': date(at('target.dueDate')), patient: reference(at('subject')) },
  Claim: { provider: reference(at('provider')), patient: reference(at('patient')), use: token(at('use')) },
  ExplanationOfBenefit: { claim: reference(at('claim')), patient: reference(at('patient')), provider: reference(at('provider')) },
  DiagnosticReport: { code: token(at('code')), result: reference(at('result')), patient: reference(at('subject')) },
  ImagingStudy: { modality: token(at('series.modality')), bodysite: token(at('series.bodySite')), patient: reference(at('subject')) },
  AllergyIntolerance: { criticality: token(at('criticality')), category: token(at('category')), code: token(any('code', 'reaction.substance')), patient: reference(at('patient')) },
  RiskAssessment: { probability: number(at('prediction.probabilityDecimal')) },
};

function definition(type, code) {
  const d = params[type]?.[code] ?? common[code];
  if (!d) throw new Error(`the oracle does not know ${type}?${code}`);
  return d;
}

// ---- matching ----------------------------------------------------------------

const plain = (s) => s.normalize('NFD').replace(/[\u0300-\u036f]/g, '').toLowerCase().replace(/[^\p{L}\p{N}\s]/gu, '').replace(/\s+/g, ' ').trim();

// codings gives the {system, code} of anything a token parameter may stand on.
function codings(v) {
  if (typeof v !== 'object') return [{ code: String(v) }];
  if (v.coding || v.text !== undefined && v.code === undefined) return list(v.coding);
  if (v.value !== undefined) return [{ system: v.system && !['phone', 'email'].includes(v.system) ? v.system : undefined, code: v.value }];
  return [v];
}

function tokenMatches(v, want) {
  const bar = want.indexOf('|');
  return codings(v).some((c) => {
    if (bar < 0) return c.code === want;
    const system = want.slice(0, bar), code = want.slice(bar + 1);
    if (code && c.code !== code) return false;
    return system ? c.system === system : c.system === undefined;
  });
}

const texts = (v) => [v.text, ...list(v.coding).map((c) => c.display), v.display, v.type?.text].filter(Boolean);

// A date without a zone is London's.
const london = new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/London', hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' });
function fromLondon(wall) { // wall: the time on the wall, as if it were UTC
  const shown = (utc) => {
    const p = Object.fromEntries(london.formatToParts(utc).map((x) => [x.type, +x.value]));
    return Date.UTC(p.year, p.month - 1, p.day, p.hour, p.minute, p.second);
  };
  let utc = wall;
  for (let i = 0; i < 3; i++) utc -= shown(utc) - wall;
  return utc;
}

// span gives [first, last] in milliseconds, both inside, of a date as written.
function span(text) {
  const m = /^(\d{4})(-(\d\d)(-(\d\d)(T(\d\d):(\d\d)(:(\d\d)(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?)?)?$/.exec(text);
  if (!m) throw new Error(`not a date: ${text}`);
  if (m[6]) {
    const from = m[12] ? Date.parse(text) : fromLondon(Date.parse(text + 'Z'));
    return [from, from + (m[11] ? 0 : m[9] ? 999 : 59999)];
  }
  const y = +m[1], mo = m[3] ? +m[3] - 1 : 0, d = m[5] ? +m[5] : 1;
  const from = fromLondon(Date.UTC(y, mo, d));
  const to = m[5] ? Date.UTC(y, mo, d + 1) : m[3] ? Date.UTC(y, mo + 1, 1) : Date.UTC(y + 1, 0, 1);
  return [from, fromLondon(to) - 1];
}

function spanOf(v) {
  if (typeof v === 'string') return span(v);
  return [v.start ? span(v.start)[0] : -Infinity, v.end ? span(v.end)[1] : Infinity];
}

function prefixed(want) {
  const m = /^(eq|ne|gt|lt|ge|le|sa|eb|ap)?(.*)$/.exec(want);
  return [m[1] ?? 'eq', m[2]];
}

function dateMatches([low, high], want) {
  const [prefix, text] = prefixed(want);
  const [from, to] = span(text);
  const within = from <= low && high <= to;
  switch (prefix) {
    case 'eq': return within;
    case 'ne': return !within;
    case 'gt': return high > to;
    case 'lt': return low < from;
    case 'ge': return high > to || within;
    case 'le': return low < from || within;
    case 'sa': return low > to;
    case 'eb': return high < from;
    case 'ap': { // 10% of the gap to now on each side, as the specification recommends
      const gap = 0.1 * Math.abs(Date.now() - (from + to) / 2);
      return low <= to + gap && high >= from - gap;
    }
  }
}

const units = { cm: ['m', 0.01], m: ['m', 1], kg: ['g', 1000], g: ['g', 1], 'mm[Hg]': ['mm[Hg]', 1], 'mg/dL': ['mg/dL', 1] };

function numberMatches(value, prefix, text, scale) {
  const x = Number(text) * scale;
  const digits = (/\.(\d+)/.exec(text)?.[1].length ?? 0);
  const half = 0.5 * 10 ** -digits * scale;
  const equal = value >= x - half && value < x + half;
  switch (prefix) {
    case 'eq': return equal;
    case 'ne': return !equal;
    case 'gt': case 'sa': return value > x;
    case 'lt': case 'eb': return value < x;
    case 'ge': return value >= x;
    case 'le': return value <= x;
  }
}

function quantityMatches(v, want) {
  if (v.value === undefined) return false;
  const [first, system, code] = want.split('|');
  const [prefix, text] = prefixed(first);
  if (!code) return numberMatches(v.value, prefix, text, 1);
  if (!system) return (v.code === code || v.unit === code) && numberMatches(v.value, prefix, text, 1);
  if (v.system !== system) return false;
  if (v.code === code) return numberMatches(v.value, prefix, text, 1);
  const a = units[v.code], b = units[code];
  if (!a || !b || a[0] !== b[0]) return false;
  return numberMatches(v.value * a[1], prefix, text, b[1]);
}

// one says whether a value of the resource answers one alternative.
function one(kind, v, modifier, want, item) {
  switch (kind) {
    case 'token':
      if (modifier === 'text') return texts(v).some((t) => plain(t).startsWith(plain(want)));
      return tokenMatches(v, want);
    case 'string':
      if (modifier === 'exact') return v === want;
      if (modifier === 'contains') return plain(v).includes(plain(want));
      return plain(v).startsWith(plain(want));
    case 'date': return dateMatches(spanOf(v), want);
    case 'number': { const [p, t] = prefixed(want); return numberMatches(v, p, t, 1); }
    case 'quantity': return quantityMatches(v, want);
    case 'reference': return item.keyOf.get(v.reference) === want.slice(want.indexOf('/') + 1);
  }
}

const here = (item, v) => world.byKey.get(item.keyOf.get(v.reference));

// matches says whether a resource answers one name=value of a search.
function matches(item, name, value) {
  const chain = /^([^.:]+)(?::([A-Z]\w+))?\.(.+)$/.exec(name);
  if (chain && !name.startsWith('_has:')) {
    const [, code, type, rest] = chain;
    return definition(item.type, code).get(item.r).some((v) => {
      const target = here(item, v);
      return target && (!type || target.type === type) && knows(target.type, rest) && matches(target, rest, value);
    });
  }
  if (name.startsWith('_has:')) {
    const [, type, code, ...rest] = name.split(':');
    return referrers(type, code, rest.join(':'), value).has(item.key);
  }
  const [code, modifier] = name.split(':');
  const d = definition(item.type, code);
  const wants = value.split(',');
  if (d.kind === 'id') return wants.some((w) => w === `${item.type}/${item.key}` || w === item.key);
  if (d.kind === 'now') return wants.some((w) => dateMatches([Date.now(), Date.now()], w));
  if (d.kind === 'composite') {
    return wants.some((w) => d.focus(item.r).some((f) => w.split('$').every((part, i) =>
      d.parts[i].get(f).some((v) => one(d.parts[i].kind, v, '', part, item)))));
  }
  const values = d.get(item.r);
  if (modifier === 'missing') return (values.length === 0) === (value === 'true');
  if (modifier === 'not') return !values.some((v) => wants.some((w) => one(d.kind, v, '', w, item)));
  return values.some((v) => wants.some((w) => one(d.kind, v, modifier, w, item)));
}

const knows = (type, name) => name.startsWith('_has:') || (params[type]?.[name.split(/[.:]/)[0]] ?? common[name.split(/[.:]/)[0]]) !== undefined;

const cache = new Map();
function referrers(type, code, rest, value) {
  const at = [type, code, rest, value].join('\u0000');
  if (!cache.has(at)) {
    const found = new Set();
    for (const item of world.byType[type] ?? []) {
      if (!matches(item, rest, value)) continue;
      for (const v of definition(type, code).get(item.r)) found.add(item.keyOf.get(v.reference));
    }
    cache.set(at, found);
  }
  return cache.get(at);
}

// ---- the searches -------------------------------------------------------------

// named turns {3/0} into Type/3/0, which reference and _id know.
const named = (text) => text.replace(/\{(\d+\/\d+)\}/g, (_, key) => `${world.byKey.get(key).type}/${key}`);

function sortValue(item, code) {
  const d = definition(item.type, code);
  const values = d.get(item.r);
  if (values.length === 0) return null;
  if (d.kind === 'date') return Math.min(...values.map((v) => spanOf(v)[0]));
  if (d.kind === 'string') return values.map(plain).sort()[0];
  throw new Error(`the oracle does not sort by ${code}`);
}

function answer(line) {
  const [type, query] = line.split('?');
  const pairs = query.split('&').map((p) => { const i = p.indexOf('='); return [p.slice(0, i), named(p.slice(i + 1))]; });
  const where = pairs.filter(([n]) => !/^_(sort|include|revinclude)/.test(n));
  const hits = (world.byType[type] ?? []).filter((item) => where.every(([n, v]) => matches(item, n, v)));
  const out = { search: line, hits: hits.map((i) => i.key), includes: [] };
  const added = new Set(), matched = new Set(out.hits);
  let round = hits;
  for (let first = true; round.length > 0; first = false) {
    const next = [];
    const add = (item) => { if (item && !matched.has(item.key) && !added.has(item.key)) { added.add(item.key); next.push(item); } };
    for (const [n, v] of pairs) {
      if (!first && !n.endsWith(':iterate')) continue;
      const [t, code] = v.split(':');
      if (n.startsWith('_include')) for (const item of round) if (item.type === t) definition(t, code).get(item.r).forEach((r) => add(here(item, r)));
      if (n.startsWith('_revinclude')) {
        const keys = new Set(round.map((i) => i.key));
        for (const item of world.byType[t] ?? []) if (definition(t, code).get(item.r).some((r) => keys.has(item.keyOf.get(r.reference)))) add(item);
      }
    }
    round = next;
  }
  out.includes = [...added];
  const sort = pairs.find(([n]) => n === '_sort')?.[1];
  if (sort) {
    const code = sort.split(',')[0];
    out.descending = code.startsWith('-');
    out.keys = Object.fromEntries(hits.map((i) => [i.key, sortValue(i, code.replace(/^-/, ''))]));
  }
  return out;
}

const searches = readFileSync(process.argv[3], 'utf8').split('\n').filter((l) => l && !l.startsWith('#'));
const types = Object.fromEntries(Object.entries(world.byType).map(([t, l]) => [t, l.length]));
const names = [...world.byKey.values()].reduce((m, i) => { const f = +i.key.split('/')[0]; (m[f] ??= []).push(i.type); return m; }, []);
console.log(JSON.stringify({ types, entries: names.map((n) => n.length), searches: searches.map(answer) }));
