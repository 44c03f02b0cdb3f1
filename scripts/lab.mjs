/**
 * The laboratory page: bundles web/ into static files and serves them on loopback.
 *
 *   node scripts/lab.mjs [--port N] [--out DIR] [--build]
 *
 * `--build` only builds. The files in dist/web need no server of their own: any that serves static files does.
 */

import { copyFileSync, createReadStream, mkdirSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../', import.meta.url));

/** Bundles the page and its worker into a folder. */
export async function buildPage(out) {
  mkdirSync(out, { recursive: true });
  await build({
    absWorkingDir: root,
    entryPoints: ['web/page.ts', 'web/worker.ts', 'web/style/style.css'],
    entryNames: '[name]',
    outdir: out,
    bundle: true,
    platform: 'browser',
    format: 'iife',
    target: 'es2023',
    minify: true,
    legalComments: 'none',
    logLevel: 'warning',
  });
  copyFileSync(join(root, 'web/index.html'), join(out, 'index.html'));
}

const types = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' };

/** The file in the folder that a request is for; undefined when there is none. */
function fileFor(folder, url) {
  try {
    const path = decodeURIComponent(new URL(url, 'http://localhost').pathname);
    const file = resolve(folder, `.${path.endsWith('/') ? `${path}index.html` : path}`);
    const inside = file.startsWith(resolve(folder) + sep);
    return inside && extname(file) in types && statSync(file).isFile() ? file : undefined;
  } catch {
    // No such file, a path through a file, or no path at all.
    return undefined;
  }
}

/** Serves a folder on loopback; resolves to the server once it listens. */
export function serve(folder, port) {
  const server = createServer((request, response) => {
    const file = fileFor(folder, request.url ?? '/');
    if (!file || !['GET', 'HEAD'].includes(request.method ?? '')) {
      response.writeHead(file ? 405 : 404, { 'content-type': 'text/plain' }).end('not here\n');
      return;
    }
    response.writeHead(200, {
      'content-type': `${types[extname(file)]}; charset=utf-8`,
      'cache-control': 'no-cache',
      'x-content-type-options': 'nosniff',
    });
    if (request.method === 'HEAD') response.end();
    else createReadStream(file).pipe(response);
  });
  return new Promise((done, failed) => {
    server.once('error', failed);
    server.listen(port, '127.0.0.1', () => done(server));
  });
}

const flags = {
  port: { type: 'string', default: '7300' },
  out: { type: 'string', default: join(root, 'dist/web') },
  build: { type: 'boolean', default: false },
};

async function main() {
  const { values } = parseArgs({ options: flags });
  const port = Number(values.port);
  if (!/^\d{1,5}$/.test(values.port) || port > 65_535)
    throw Object.assign(new Error(`--port must be a number from 0 to 65535, not "${values.port}"`), {
      usage: true,
    });
  await buildPage(values.out);
  if (values.build) return;
  const server = await serve(values.out, port);
  console.log(`The laboratory: http://127.0.0.1:${server.address().port}/`);
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url))
  main().catch((error) => {
    const usage = error.usage || error.code?.startsWith('ERR_PARSE_ARGS');
    console.error(
      `lab: ${error.code === 'EADDRINUSE' ? 'the port is taken; choose one with --port' : error.message}`,
    );
    process.exitCode = usage ? 2 : 1;
  });
