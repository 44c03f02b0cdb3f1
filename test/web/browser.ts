/** The page as people get it: built by the command, served on loopback, opened in a real Chromium. */

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { findChromium } from '../../scripts/chromium.mjs';
import { root } from '../tidy/source.ts';

const quiet = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** The browser; a test of the page without one would prove nothing, so its absence is an error. */
export async function launch(): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined || !existsSync(executablePath))
    throw new Error(
      `no Chromium${executablePath ? ` at ${executablePath}` : ''}: install it, or name it in the variable CHROMIUM`,
    );
  return chromium.launch({ executablePath, args: quiet });
}

export interface Served {
  readonly origin: string;
  close(): Promise<void>;
}

/** A file beside the folder that is served. */
export const secretFile = 'secret.js';

/** `npm run lab` in a folder of its own, on a free port. */
export async function serveLab(): Promise<Served> {
  const folder = await mkdtemp(join(tmpdir(), 'lab-'));
  const out = join(folder, 'page');
  await writeFile(join(folder, secretFile), 'not for anybody');
  const child = spawn(process.execPath, ['scripts/lab.mjs', '--port', '0', '--out', out], { cwd: root });
  const origin = await firstAddress(child);
  return {
    origin,
    close: async () => {
      child.kill();
      await rm(folder, { recursive: true });
    },
  };
}

function firstAddress(child: ChildProcess): Promise<string> {
  let text = '';
  return new Promise((found, failed) => {
    const hear = (piece: Buffer): void => {
      text += piece;
      const address = /http:\/\/127\.0\.0\.1:\d+/.exec(text)?.[0];
      if (address) found(address);
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    child.once('exit', (code) => failed(new Error(`lab.mjs ended with ${code}: ${text}`)));
  });
}

export interface Opened {
  readonly page: Page;
  /** What no page should ever do: errors, and requests to anywhere else. */
  readonly faults: string[];
}

export async function openLab(
  browser: Browser,
  origin: string,
  hash: string,
  options: BrowserContextOptions = {},
): Promise<Opened> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) faults.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(`${origin}/`) && !url.startsWith('data:')) faults.push(`request: ${url}`);
  });
  await page.goto(`${origin}/${hash}`);
  await settled(page);
  return { page, faults };
}

/** Until the run that was asked for is there. */
export const settled = (page: Page): Promise<unknown> =>
  page.waitForSelector('#page[aria-busy="false"]', { timeout: 20_000 });

/** Until an expression is true in the page; polled from here, because the page's policy forbids it to evaluate text. */
export async function until(page: Page, expression: string): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (!(await page.evaluate<boolean>(expression))) {
    if (Date.now() > deadline) throw new Error(`it never became true that ${expression}`);
    await page.waitForTimeout(20);
  }
}

const shownIds = 'time caption disagreement batch-facts tree arrivals scores delivered chain evidence notes';

/** All that shows the moment of the run. Code for the page is text here: tests have no types of a page. */
export const stateOf = (page: Page): Promise<readonly string[]> =>
  page.evaluate(`'${shownIds}'.split(' ').map((id) => id + ': ' + document.getElementById(id).innerHTML)`);

/** How much wider than the window the page is, in px. */
export const overhang = (page: Page): Promise<number> =>
  page.evaluate('document.documentElement.scrollWidth - innerWidth');
