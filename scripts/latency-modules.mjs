/**
 * Makes sim/network/aws.ts and sim/network/cities.ts from the measured matrices in data/latency, so that the
 * simulator needs no files, in a browser either. Run it after a matrix changed: `node scripts/latency-modules.mjs`.
 */

import { readFileSync, writeFileSync } from 'node:fs';

const root = new URL('../', import.meta.url);

/** Names and round-trip times of a matrix file, in ms. */
export function readMatrix(file) {
  const lines = readFileSync(new URL(file, root), 'utf8').trim().split(/\r?\n/);
  const names = lines[0].split(',').slice(1);
  const rows = lines.slice(1).map((line) => line.split(',').slice(1).map(Number));
  return { names, rows };
}

/** Round-trip times as whole tenths of a millisecond. */
export const tenths = (rows) => rows.map((row) => row.map((ms) => Math.round(ms * 10)));

function moduleText(name, what, { names, rows }) {
  const lines = tenths(rows).map((row, i) => `${names[i].trim()}: ${row.join(' ')}`);
  return `/** ${what}: round-trip times in tenths of a ms, row to column. Made by scripts/latency-modules.mjs. */
export const ${name} = \`
${lines.join('\n')}
\`;
`;
}

const matrices = [
  ['aws', 'data/latency/aws-regions-rtt-ms.csv', 'Regions of a cloud'],
  ['cities', 'data/latency/wonderproxy-cities-rtt-ms.csv', 'Cities of the world'],
];

if (process.argv[1] && import.meta.url.endsWith(process.argv[1].split('/').pop()))
  for (const [name, file, what] of matrices)
    writeFileSync(new URL(`sim/network/${name}.ts`, root), moduleText(name, what, readMatrix(file)));
