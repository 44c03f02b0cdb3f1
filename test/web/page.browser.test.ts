/** The laboratory page in a real Chromium, as somebody uses it who has only read the README. */

import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { traceRun } from '../../sim/trace/run.ts';
import { simulationOf } from '../../web/state/scenario.ts';
import { stories } from '../../web/state/stories.ts';
import {
  launch,
  type Opened,
  openLab,
  overhang,
  type Served,
  secretFile,
  serveLab,
  settled,
  stateOf,
  until,
} from './browser.ts';

let browser: Browser;
let served: Served;
const opened: Opened[] = [];

beforeAll(async () => {
  browser = await launch();
  served = await serveLab();
});
afterAll(async () => {
  await browser?.close();
  await served?.close();
});
afterEach(async () => {
  const faults = opened.flatMap((one) => one.faults);
  for (const { page } of opened.splice(0)) await page.context().close();
  expect(faults).toEqual([]);
});

async function open(hash: string, options: Parameters<typeof openLab>[3] = {}): Promise<Page> {
  const one = await openLab(browser, served.origin, hash, options);
  opened.push(one);
  return one.page;
}

const timeOf = (page: Page): Promise<string | null> => page.textContent('#time');
const phone = { viewport: { width: 360, height: 740 } };

async function press(page: Page, key: string, times = 1): Promise<void> {
  for (let i = 0; i < times; i++) await page.keyboard.press(key);
}

it('runs in the browser as it runs here: the same seed, the same trace', async () => {
  const page = await open('');
  const story = stories.find(({ name }) => name === 'dying-root')!;
  await page.click(`[data-story="${story.name}"]`);
  await settled(page);
  const { report } = traceRun(simulationOf(story.choices), story.title);
  await until(page, `document.getElementById('facts').dataset.trace === '${report.traceHash}'`);
});

describe('every story', () => {
  it.each(stories.map(({ name, title }) => [title, name]))(
    '%s: starts, plays, steps, and looks the same after going forward and back',
    async (title, name) => {
      const page = await open('');
      await page.click(`[data-story="${name}"]`);
      await settled(page);
      await until(page, `document.getElementById('title').textContent === ${JSON.stringify(title)}`);
      await until(page, "document.getElementById('time').textContent !== '0.000 ms'");
      await press(page, 'Space');
      expect(await page.getAttribute('#play', 'aria-label')).toBe('Play');
      await page.fill('#scrub', '300');
      const seen: (readonly string[])[] = [];
      for (let i = 0; i < 12; i++) {
        await press(page, 'ArrowRight');
        seen.push(await stateOf(page));
      }
      expect(new Set(seen.map((state) => state.join())).size).toBeGreaterThan(7);
      await press(page, 'End');
      const end = await stateOf(page);
      await press(page, 'Home');
      expect(await timeOf(page)).toBe('0.000 ms');
      await press(page, 'End');
      expect(await stateOf(page)).toEqual(end);
      await page.fill('#scrub', '300');
      await press(page, 'ArrowRight', 12);
      for (const state of seen.toReversed()) {
        expect(await stateOf(page)).toEqual(state);
        await press(page, 'ArrowLeft');
      }
    },
  );

  it('plays to its end by itself', async () => {
    const page = await open('');
    await page.selectOption('#speed', '8');
    await page.waitForSelector('#play[aria-label="Play"]', { timeout: 15_000 });
    expect(await page.inputValue('#scrub')).toBe('1000');
    expect(await page.textContent('#verdict')).toContain('checks of this run hold');
    expect(await page.locator('#delivered .chip.score').count()).toBe(7);
  });
});

describe('disagreement', () => {
  it('is unmistakable under the flip attack on 75%', async () => {
    const page = await open('#story=flip-75');
    const banner = page.locator('#disagreement');
    expect(await banner.isVisible()).toBe(false);
    await press(page, 'End');
    expect(await banner.isVisible()).toBe(true);
    expect(await banner.textContent()).toMatch(
      /Honest signers disagree\..*s\d.* put \w before \w; s\d.* put \w before \w/s,
    );
    expect(await banner.getAttribute('aria-live')).toBe('assertive');
    const red = await page.evaluate(
      "getComputedStyle(document.getElementById('disagreement')).backgroundColor",
    );
    expect(red).toMatch(/^rgb\(2\d\d, [0-4]?\d, [0-5]?\d\)$/);
    expect(await page.locator('#delivered .disagrees').count()).toBeGreaterThan(1);
    await press(page, 'Home');
    expect(await banner.isVisible()).toBe(false);
  });

  it('never comes up when the same attack meets this engine', async () => {
    const page = await open('#story=flip-engine');
    await press(page, 'End');
    expect(await page.isVisible('#disagreement')).toBe(false);
    expect(await page.locator('#delivered .chip').count()).toBeGreaterThan(4);
    expect(await page.textContent('#verdict')).toContain('failed');
  });
});

describe('address', () => {
  it('restores the state that it was copied from', async () => {
    const page = await open('#story=cycle');
    await press(page, 'ArrowRight', 20);
    await page.click('[data-batch="B"]');
    const other = await open(new URL(page.url()).hash);
    expect(await stateOf(other)).toEqual(await stateOf(page));
    expect(await other.getAttribute('[data-batch="B"]', 'aria-pressed')).toBe('true');
  });

  it('is followed when it changes', async () => {
    const page = await open('#story=cycle');
    await page.evaluate("location.hash = '#n=9&f=1&t=1&network=lan&seed=7'");
    await until(page, "document.getElementById('facts').textContent.startsWith('signers9')");
    expect(await page.inputValue('#choice-signers')).toBe('9');
  });

  it('with mistakes in it says which, and shows something all the same', async () => {
    const page = await open('#n=many&network=moon&at=never');
    expect(await page.isVisible('#problems')).toBe(true);
    const said = await page.textContent('#problems');
    expect(said).toContain('n: must be a whole number from 3 to 31, not "many"');
    expect(said).toContain('network: must be one of lan, aws, cities, not "moon"');
    expect(said).toContain('at: must be a time in ms, not "never"');
    await press(page, 'End');
    expect(await page.locator('#delivered .chip').count()).toBeGreaterThan(0);
  });

  it('is copied by the button', async () => {
    const page = await open('#story=crossing&at=150');
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.click('#copy');
    await until(page, "document.getElementById('copied').textContent !== ''");
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(page.url());
    expect(page.url()).toContain('#story=crossing&at=150');
  });
});

describe('one’s own experiment', () => {
  it('runs what the form says, and says what is wrong with it', async () => {
    const page = await open('#story=uncontested');
    await page.click('#own summary');
    await page.fill('#choice-signers', '16');
    await page.fill('#choice-byzantine', '3');
    await page.fill('#choice-faulty', '9');
    await page.click('#form [type="submit"]');
    expect(await page.isVisible('#problems')).toBe(true);
    expect(await page.textContent('#problems')).toContain('two quorums of 7 among 16 signers');
    await page.fill('#choice-faulty', '3');
    await page.fill('#choice-transactions', '4');
    await page.selectOption('#choice-network', 'lan');
    await page.click('#form [type="submit"]');
    await until(page, "document.getElementById('facts').textContent.startsWith('signers16')");
    expect(await page.isVisible('#problems')).toBe(false);
    await press(page, 'End');
    await page.focus('#play');
    await press(page, 'End');
    expect(await page.locator('#delivered .chip').count()).toBe(64);
    expect(page.url()).toContain('n=16');
  });
});

describe('an attack of one’s own', () => {
  it('is chosen with its rule, liars and threshold, and its parameters are checked', async () => {
    const page = await open('#story=uncontested');
    await page.click('#own summary');
    await page.selectOption('#choice-attack', 'flip');
    expect(await page.inputValue('#choice-liars')).toBe('1');
    await page.selectOption('#choice-rule', 'source');
    await page.fill('#choice-liars', '2');
    await page.fill('#choice-threshold', '75');
    await page.selectOption('#choice-network', 'lan');
    await page.click('#form [type="submit"]');
    await until(page, "document.getElementById('title').textContent === 'Attack: flip'");
    await page.focus('#play');
    await press(page, 'End');
    expect(await page.textContent('#verdict')).toContain('The attack ');
    expect(page.url()).toContain('rule=source&attack=flip&liars=2&threshold=75');
    await page.fill('#parameter-arrivals', 'never');
    await page.click('#form [type="submit"]');
    await until(page, "!document.getElementById('problems').hidden");
    expect(await page.textContent('#problems')).toContain('arrivals: must be one of');
  });
});

describe('everybody', () => {
  it('can do everything with the keyboard', async () => {
    const page = await open('');
    await press(page, 'Tab');
    expect(await page.evaluate('document.activeElement.dataset.story')).toBe('uncontested');
    await press(page, 'Tab');
    const outline = await page.evaluate('getComputedStyle(document.activeElement).outlineStyle');
    expect(outline).not.toBe('none');
    await press(page, 'Enter');
    await settled(page);
    await until(page, "document.activeElement.id === 'play'");
    await press(page, 'Space');
    await page.evaluate('document.activeElement.blur()');
    const [before, after] = [
      await page.getAttribute('#play', 'aria-label'),
      await page.keyboard.press('Space').then(() => page.getAttribute('#play', 'aria-label')),
    ];
    expect([before, after].sort()).toEqual(['Pause', 'Play']);
    await press(page, 'Home');
    await press(page, 'ArrowRight', 3);
    const three = await timeOf(page);
    await press(page, 'ArrowRight', 2);
    await press(page, 'ArrowLeft', 2);
    expect(await timeOf(page)).toBe(three);
    await press(page, '+', 2);
    expect(await page.inputValue('#speed')).toBe('4');
    await press(page, '-');
    expect(await page.inputValue('#speed')).toBe('2');
    const reached = new Set<string>();
    for (let i = 0; i < 40; i++) {
      await press(page, 'Tab');
      reached.add(await page.evaluate<string>('document.activeElement.id'));
    }
    for (const id of ['start', 'back', 'play', 'forward', 'scrub', 'speed', 'copy'])
      expect(reached).toContain(id);
  });

  it('is told by name what each control is', async () => {
    const page = await open('#story=cycle&at=100');
    await page.click('#own summary');
    const nameless = await page.evaluate(`[...document.querySelectorAll('button, input, select')]
      .filter((one) => {
        const labels = [...(one.labels ?? [])].map((label) => label.textContent).join('');
        return (one.getAttribute('aria-label') ?? (labels || one.textContent)).trim() === '';
      })
      .map((one) => one.outerHTML)`);
    expect(nameless).toEqual([]);
  });

  it.each(stories.map(({ name }) => name))(
    'sees all of %s on a phone without scrolling sideways',
    async (name) => {
      const page = await open(`#story=${name}`, phone);
      for (const place of [0, 100, 250, 400, 600, 800, 1000]) {
        await page.fill('#scrub', String(place));
        expect(await overhang(page)).toBe(0);
      }
    },
  );

  it('sees the form and 31 signers on a phone', async () => {
    const page = await open('#n=31&f=6&t=6&network=cities&transactions=6', phone);
    await page.click('#own summary');
    await press(page, 'End');
    expect(await overhang(page)).toBe(0);
    expect(await page.locator('#tree .node').count()).toBe(31);
  });

  it('who prefers stillness gets jumps, and nothing starts by itself', async () => {
    const page = await open('', { reducedMotion: 'reduce' });
    expect(await page.getAttribute('#play', 'aria-label')).toBe('Play');
    expect(await timeOf(page)).toBe('0.000 ms');
  });
});

describe('the server', () => {
  it('serves the page alone', async () => {
    const status = async (path: string, method = 'GET'): Promise<number> =>
      (await fetch(served.origin + path, { method })).status;
    expect(await status('/')).toBe(200);
    expect(await status('/worker.js', 'HEAD')).toBe(200);
    expect(await status('/', 'POST')).toBe(405);
    for (const path of ['/package.json', `/..%2f${secretFile}`, `/..%5c${secretFile}`, '/%zz', '/page.js/'])
      expect(await status(path)).toBe(404);
  });
});
