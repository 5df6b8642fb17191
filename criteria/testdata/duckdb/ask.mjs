// Asks DuckDB the SQL of this folder: node ask.mjs FOLDER CODES DAY THREADS ID…
// FOLDER holds the flat form, CODES is a CSV of code_set, system and code. Writes as
// JSON, for each id, how many people of each practice have each answer, and the
// seconds of clock and of processor that it took, reading the Parquet included.
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';

const [folder, codes, on, threads, ...ids] = process.argv.slice(2);
const sql = (name) =>
  readFileSync(new URL(name + '.sql', import.meta.url), 'utf8')
    .replaceAll('{{folder}}', folder).replaceAll('{{codes}}', codes).replaceAll('{{on}}', on);

const instance = await DuckDBInstance.create(':memory:', { threads, temp_directory: dirname(codes) });
const connection = await instance.connect();
await connection.run(sql('views'));
const version = (await connection.runAndReadAll('select version()')).getRows()[0][0];
const out = { version, asked: {} };
for (const id of ids) {
  const [start, used] = [performance.now(), process.cpuUsage()];
  const rows = (await connection.runAndReadAll(sql(id))).getRows();
  const cpu = process.cpuUsage(used);
  out.asked[id] = {
    seconds: (performance.now() - start) / 1e3,
    processor: (cpu.user + cpu.system) / 1e6,
    people: rows.map(([practice, answer, people]) => ({ practice, answer, people: Number(people) })),
  };
}
console.log(JSON.stringify(out));
