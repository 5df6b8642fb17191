// Asks DuckDB the SQL of this folder: node ask.mjs FOLDER CODES DAY THREADS ID…
// FOLDER holds the flat form, CODES is a CSV of code_set, system and code. Writes as
// JSON what loading it took, and for each id how many people of each practice
// have each answer and what asking took, in seconds of the clock and of processor.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';

const [folder, codes, on, threads, ...ids] = process.argv.slice(2);
const sql = (name) =>
  readFileSync(new URL(name + '.sql', import.meta.url), 'utf8')
    .replaceAll('{{folder}}', folder).replaceAll('{{codes}}', codes).replaceAll('{{on}}', on);

// measured runs something and says how long it took, by the clock and the processor.
async function measured(run) {
  const [start, used] = [performance.now(), process.cpuUsage()];
  const result = await run();
  const cpu = process.cpuUsage(used);
  return { result, seconds: (performance.now() - start) / 1e3, processor: (cpu.user + cpu.system) / 1e6 };
}

const instance = await DuckDBInstance.create(join(dirname(codes), 'compare.duckdb'), { threads });
const connection = await instance.connect();
const version = (await connection.runAndReadAll('select version()')).getRows()[0][0];
const { result: _, ...loaded } = await measured(() => connection.run(sql('load')));
const asked = {};
for (const id of ids) {
  const { result, ...took } = await measured(() => connection.runAndReadAll(sql(id)));
  asked[id] = { ...took, people: result.getRows().map(([practice, answer, people]) => ({ practice, answer, people: Number(people) })) };
}
console.log(JSON.stringify({ version, loaded, asked }));
