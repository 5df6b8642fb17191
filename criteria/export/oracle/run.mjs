// Runs exported definitions over people, with an engine that knows nothing of
// Joinery: node run.mjs DEFINITIONS PEOPLE ANSWERS
//
// DEFINITIONS holds a line for each definition, {id, bundle}: what "joinery
// criteria export --fhir" prints. PEOPLE holds a line for each person, {id, on,
// resources}. ANSWERS gets a line for each person, {id, answers}, with what the
// library of each definition offers; in no order.
import crypto from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import readline from 'node:readline';
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';
import cql from 'cql-execution';
import cqlfhir from 'cql-exec-fhir';

// What a library may offer; see the documentation of export.CQL.
const offered = ['Answer', 'Reason', 'Segment', 'Score', 'Value', 'Counted', 'Over', 'Days',
  ...['practice', 'network', 'borough', 'ageband', 'sex', 'ethnicity', 'deprivation'].map((by) => `By ${by}`)];

const lines = (file) => readline.createInterface({ input: fs.createReadStream(file), crlfDelay: Infinity });

// compile reads a definition's bundle: the CQL in its Library, and its ValueSets.
function compile({ id, bundle }, translate) {
  const resources = bundle.entry.map((e) => e.resource);
  const library = resources.find((r) => r.resourceType === 'Library');
  const text = Buffer.from(library.content.find((c) => c.contentType === 'text/cql').data, 'base64').toString();
  const sets = {};
  for (const set of resources.filter((r) => r.resourceType === 'ValueSet')) {
    sets[set.url] = { [set.version]: set.compose.include.flatMap((i) => i.concept.map((c) => ({ code: c.code, system: i.system, version: '' }))) };
  }
  try {
    const elm = translate(text);
    return { id, elm, sets, prints: fingerprints(elm) };
  } catch (e) {
    throw new Error(`${id}: ${e.message}`);
  }
}

// fingerprints gives each expression of a library a text that equals another's
// only when the two are written alike, and all that they refer to is.
function fingerprints(elm) {
  const bare = (key, value) => (['localId', 'locator', 'annotation', 'resultTypeName', 'resultTypeSpecifier', 'signature'].includes(key) ? undefined : value);
  const of = (name, defs) => Object.fromEntries((elm.library[defs]?.def ?? []).map((d) => [`${name} ${d.name}`, d]));
  const defs = { ...of('ExpressionRef', 'statements'), ...of('ValueSetRef', 'valueSets'), ...of('ParameterRef', 'parameters') };
  for (const d of elm.library.statements.def) if (d.type === 'FunctionDef') defs[`FunctionRef ${d.name}`] = d;
  const prints = {};
  const print = (key) => {
    if (prints[key]) return prints[key];
    const text = JSON.stringify(defs[key], bare);
    const uses = new Set([...text.matchAll(/\{"type":"(\w+Ref)","name":("(?:[^"\\]|\\.)*")|\{"name":("(?:[^"\\]|\\.)*"),"type":"(\w+Ref)"/g)]
      .map((m) => `${m[1] ?? m[4]} ${JSON.parse(m[2] ?? m[3])}`).filter((use) => use in defs && use !== key));
    return (prints[key] = crypto.createHash('sha256').update([text.replace(`"name":${JSON.stringify(defs[key].name)}`, ''), ...[...uses].sort().map(print)].join('\n')).digest('hex'));
  };
  return Object.fromEntries(elm.library.statements.def.map((d) => [d.name, print(`ExpressionRef ${d.name}`)]));
}

// evaluate does what the engine's Executor does for one patient, except that an
// expression which another library has as well, word for word, is not worked out
// again: all read the same resources as the same events.
async function evaluate(p, patient, on, known) {
  const context = new cql.PatientContext(p.library, patient, p.codes, { On: on }, cql.DateTime.fromJSDate(new Date(0), 0));
  const results = {};
  for (const [name, expression] of Object.entries(p.library.expressions)) {
    if (expression.context !== 'Patient') continue;
    const print = p.prints[name];
    if (!known.has(print)) known.set(print, await expression.execute(context));
    results[name] = known.get(print);
    context.rootContext().set(name, results[name]);
  }
  return Object.fromEntries(offered.filter((name) => results[name] != null).map((name) => [name, results[name]]));
}

// runShare answers for the people whose lines fall to this worker.
async function runShare({ programs, people, share, of }) {
  const source = cqlfhir.PatientSource.FHIRv401();
  const ready = programs.map((p) => ({ ...p, library: new cql.Library(p.elm, new cql.Repository({})), codes: new cql.CodeService(p.sets) }));
  let n = 0;
  for await (const line of lines(people)) {
    if (n++ % of !== share) continue;
    const { id, on, resources } = JSON.parse(line);
    source.reset();
    source.loadBundles([{ resourceType: 'Bundle', type: 'collection', entry: resources.map((resource) => ({ resource })) }]);
    const patient = source.currentPatient();
    const day = new cql.Date(...on.split('-').map(Number));
    const known = new Map();
    const answers = {};
    for (const p of ready) answers[p.id] = await evaluate(p, patient, day, known);
    parentPort.postMessage({ id, answers });
  }
}

// translateShare compiles the definitions whose lines fall to this worker.
async function translateShare({ definitions, share, of }) {
  const { translator } = await import('./translate.mjs'); // not in the other workers: it takes a second to load
  const translate = translator();
  let n = 0;
  for await (const line of lines(definitions)) {
    if (n++ % of === share) parentPort.postMessage(compile(JSON.parse(line), translate));
  }
}

// shareOut does a job in as many workers as there are processors, four at most,
// and calls got with all that they send.
function shareOut(job, data, got) {
  const of = Math.min(os.availableParallelism(), 4);
  return Promise.all(Array.from({ length: of }, (_, share) => new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: { ...data, job, share, of }, resourceLimits: { maxYoungGenerationSizeMb: 256, maxOldGenerationSizeMb: 3000 } });
    worker.on('message', got);
    worker.on('error', reject);
    worker.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`a worker stopped with ${code}`))));
  })));
}

async function main([definitions, people, answers]) {
  const clock = (what, since) => console.error(`${what}: ${((performance.now() - since) / 1000).toFixed(1)} s`);
  let began = performance.now();
  const programs = [];
  await shareOut('translate', { definitions }, (program) => programs.push(program));
  programs.sort((a, b) => (a.id < b.id ? -1 : 1));
  clock(`${programs.length} libraries translated`, began);
  began = performance.now();
  const out = fs.createWriteStream(answers);
  let asked = 0;
  await shareOut('run', { programs, people }, (answer) => {
    asked++;
    out.write(JSON.stringify(answer) + '\n');
  });
  await new Promise((resolve) => out.end(resolve));
  clock(`${asked} people asked`, began);
}

if (isMainThread) {
  main(process.argv.slice(2)).catch((e) => {
    console.error(e.stack ?? String(e));
    process.exit(1);
  });
} else if (workerData.job === 'translate') {
  await translateShare(workerData);
} else {
  await runShare(workerData);
}
