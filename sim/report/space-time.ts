/**
 * The space-time diagram of a run: a vertical line for each signer, time going down, messages as slanted
 * lines coloured by what they do in the protocol, and what signers did as marks on their lines. SVG as
 * text, without a library: the head stays in view while the body scrolls.
 */

import type { SignerId } from '../../src/base/ids.ts';
import type { Trace } from '../trace/trace.ts';
import { type Excerpt, excerptOf, type Flight, type Mark, type TimeWindow } from './flights.ts';
import { escaped, figure } from './markup.ts';
import { subject, wordsFor } from './shiviz.ts';
import { colourOf, palette } from './style.ts';
import { type TimeScale, timeScale } from './time-scale.ts';

export interface SpaceTime {
  /** Names of the signers, and the body below it; both `width` wide. */
  readonly head: string;
  readonly body: string;
  readonly width: number;
  /** What the reader sees and does not see, in one sentence. */
  readonly note: string;
}

interface Family {
  readonly name: string;
  readonly colour: string;
  readonly types: readonly string[];
  /** Frequent, and seldom what one looks for. */
  readonly quiet?: boolean;
}

/** Messages by their part in the protocol; what is in none is the last. */
export const families: readonly Family[] = [
  { name: '1a announce', colour: colourOf(0), types: ['announce'] },
  { name: '1b votes', colour: colourOf(2), types: ['votes'] },
  { name: '2 certificate', colour: colourOf(1), types: ['certificate'] },
  { name: '3a block and its votes', colour: colourOf(3), types: ['proposal', 'blockVotes'] },
  { name: '3b order certificate', colour: colourOf(5), types: ['view'], quiet: true },
  { name: 'timeout', colour: colourOf(4), types: ['timeout'] },
  { name: 'asking and catching up', colour: colourOf(7), types: [], quiet: true },
];

/** Index of a message's family. */
export const familyOf = (type: string): number => {
  const found = families.findIndex(({ types }) => types.includes(type));
  return found < 0 ? families.length - 1 : found;
};

const axisPx = 66;
/** From the axis to the first line. */
const sidePx = 18;
const headPx = 44;
const topPx = 16;
const bottomPx = 28;
const rightPx = 54;
/** Lines are no nearer than this, and no further apart. */
const columnPxMin = 30;
const columnPxMax = 235;
const widthPxDefault = 1120;
/** A usual message's flight takes so much of the time axis, more with more lines that cross. */
const flightPxMin = 24;
const flightPxEach = 4;

interface Frame {
  readonly trace: Trace;
  readonly excerpt: Excerpt;
  readonly scale: TimeScale;
  readonly width: number;
  readonly height: number;
  readonly columnPx: number;
  readonly xOf: (id: SignerId) => number;
  readonly yOf: (ms: number) => number;
}

/** @param widthPx what the page has; with many signers the diagram is wider, and scrolls. */
export function spaceTime(trace: Trace, window: TimeWindow = {}, widthPx = widthPxDefault): SpaceTime {
  const frame = frameOf(trace, excerptOf(trace, window), widthPx);
  return { head: head(frame), body: body(frame), width: frame.width, note: noteOf(frame) };
}

/** The diagram alone, as a file that any browser opens. */
export function spaceTimeFile(trace: Trace, window: TimeWindow = {}): string {
  const frame = frameOf(trace, excerptOf(trace, window), widthPxDefault);
  const height = headPx + frame.height;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${frame.width}" height="${height}" viewBox="0 0 ${frame.width} ${height}">
<title>${escaped(trace.title)}</title><style>${palette}</style><rect width="100%" height="100%" fill="var(--paper)"/>
${head(frame)}<svg y="${headPx}" width="${frame.width}" height="${frame.height}">${inner(frame)}</svg></svg>\n`;
}

function frameOf(trace: Trace, excerpt: Excerpt, widthPx: number): Frame {
  const free = (widthPx - axisPx - sidePx - rightPx) / Math.max(1, trace.signers - 1);
  const columnPx = Math.max(columnPxMin, Math.min(columnPxMax, free));
  const moments = [
    ...excerpt.marks.map(({ at }) => at),
    ...excerpt.flights.flatMap(({ message, arrivals }) => [
      message.at,
      ...arrivals.filter((at) => at <= excerpt.toMs),
    ]),
  ];
  const flightsMs = excerpt.flights.flatMap(({ message, arrivals }) => arrivals.map((at) => at - message.at));
  const scale = timeScale(moments, flightsMs, flightPxMin + flightPxEach * Math.min(trace.signers, 12));
  return {
    trace,
    excerpt,
    scale,
    width: Math.round(axisPx + sidePx + columnPx * (trace.signers - 1) + rightPx),
    height: Math.ceil(topPx + scale.height + bottomPx),
    columnPx,
    xOf: (id) => axisPx + sidePx + id * columnPx,
    yOf: (ms) => topPx + scale.yOf(ms),
  };
}

const px = (value: number): string => String(Math.round(value * 10) / 10);

const text = (x: number, y: number, content: string, rest = ''): string =>
  `<text x="${px(x)}" y="${px(y)}"${rest}>${escaped(content)}</text>`;

const titled = (element: string, attributes: string, title: string): string =>
  `<${element} ${attributes}><title>${escaped(title)}</title></${element}>`;

const svg = (width: number, height: number, label: string, content: string): string =>
  `<svg width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(label)}" font-family="system-ui,sans-serif">${content}</svg>`;

function head(frame: Frame): string {
  const { trace, width, xOf } = frame;
  const names = ids(trace).map((id) => {
    const lies = trace.liars.includes(id);
    const below = lies ? 'lies' : placeText(trace.regions[id] ?? '', frame.columnPx);
    const tone = lies ? 'var(--bad)' : 'var(--ink)';
    return `<g text-anchor="middle" fill="${tone}">${text(xOf(id), 20, `s${id}`, ' font-size="13" font-weight="600"')}${text(
      xOf(id),
      35,
      below,
      ` font-size="10.5"${lies ? '' : ' fill="var(--soft)"'}`,
    )}</g>`;
  });
  return svg(
    width,
    headPx,
    'Signers',
    `${names.join('')}<g fill="var(--soft)" font-size="11">${text(8, 20, 'ms')}</g>`,
  );
}

/** A place as far as it fits: all of it, or `Tokyo` of `Asia Pacific (Tokyo)`, and nothing rather than a stump. */
function placeText(region: string, columnPx: number): string {
  const fits = Math.floor(columnPx / 6.2);
  const name = region.length <= fits ? region : (/\(([^)]+)\)/.exec(region)?.[1] ?? region);
  if (name.length <= fits) return name;
  return fits < 5 ? '' : `${name.slice(0, fits - 1)}…`;
}

const ids = (trace: Trace): SignerId[] => Array.from({ length: trace.signers }, (_, i) => i as SignerId);

const body = (frame: Frame): string =>
  svg(frame.width, frame.height, `Space-time diagram: ${noteOf(frame)}`, inner(frame));

const inner = (frame: Frame): string =>
  [markers(), timeAxis(frame), lifelines(frame), messages(frame), marksOf(frame)].join('\n');

const markers = (): string =>
  `<defs>${families
    .map(
      ({ colour }, i) =>
        `<marker id="end${i}" viewBox="-3 -3 6 6" markerWidth="5" markerHeight="5"><circle r="2.4" fill="${colour}"/></marker>`,
    )
    .join('')}</defs>`;

/** A label at every burst, and then every so many pixels; silences say how long they were. */
function timeAxis({ excerpt, scale, width, height, yOf }: Frame): string {
  const parts: string[] = [];
  let free = 0;
  const label = (ms: number): void => {
    const y = yOf(ms);
    if (y < free) return;
    free = y + 44;
    parts.push(
      `<path d="M${axisPx - 8} ${px(y)}H${width - 8}" stroke="var(--line)" stroke-width="0.6"/>`,
      text(axisPx - 12, y + 4, ms.toFixed(scale.pxPerMs > 20 ? 2 : 1), ' text-anchor="end"'),
    );
  };
  const moments = [...excerpt.marks, ...excerpt.flights.map(({ message }) => message)]
    .map(({ at }) => at)
    .sort((a, b) => a - b);
  for (const ms of moments) label(ms);
  for (const one of scale.breaks) {
    const y = topPx + one.y + one.height / 2;
    if (y > height) continue;
    const silence = `${figure(Number((one.toMs - one.fromMs).toPrecision(2)))} ms`;
    parts.push(
      `<rect x="0" y="${px(y - 8)}" width="${width}" height="16" fill="var(--panel)"/>`,
      text(axisPx - 12, y + 3.8, `⋮ ${silence}`, ' text-anchor="end" font-style="italic"'),
    );
  }
  return `<g fill="var(--soft)" font-size="10.5">${parts.join('')}</g>`;
}

/** A line where a signer is up, a dotted one where it is down. */
function lifelines({ trace, excerpt, height, xOf, yOf }: Frame): string {
  const end = height - bottomPx + 10;
  return ids(trace)
    .map((id) => {
      const tone = trace.liars.includes(id) ? 'var(--bad)' : 'var(--ink)';
      const parts: string[] = [];
      let from = topPx - 10;
      let up = upAt(trace, id, excerpt.fromMs);
      const draw = (to: number): void => {
        const dotted = up ? '' : ' stroke-dasharray="1 5" stroke-linecap="round"';
        parts.push(`<path d="M${px(xOf(id))} ${px(from)}V${px(to)}"${dotted}/>`);
        from = to;
      };
      for (const event of excerpt.marks)
        if (
          (event.kind === 'up' || event.kind === 'down') &&
          event.node === id &&
          up !== (event.kind === 'up')
        ) {
          draw(yOf(event.at));
          up = event.kind === 'up';
        }
      draw(end);
      return `<g stroke="${tone}" stroke-width="1.4" stroke-opacity="0.55" fill="none">${parts.join('')}</g>`;
    })
    .join('');
}

/** Whether a signer is up when the window begins; it is from the start unless its trace says otherwise. */
function upAt({ events }: Trace, id: SignerId, ms: number): boolean {
  let up = true;
  for (const event of events) {
    if (event.at >= ms) return up;
    if ((event.kind === 'up' || event.kind === 'down') && event.node === id) up = event.kind === 'up';
  }
  return up;
}

function messages(frame: Frame): string {
  const byFamily: string[][] = families.map(() => []);
  for (const flight of frame.excerpt.flights)
    byFamily[familyOf(flight.message.type)]!.push(flightPath(frame, flight));
  return byFamily
    .map(
      (paths, i) =>
        `<g stroke="${families[i]!.colour}" stroke-width="1.15" stroke-opacity="${families[i]!.quiet ? 0.5 : 0.85}" fill="none" marker-end="url(#end${i})">${paths.join('')}</g>`,
    )
    .reverse()
    .join('\n');
}

/** A message that never arrives in the window ends as a dashed stub. */
function flightPath({ trace, excerpt, xOf, yOf }: Frame, { message, arrivals }: Flight): string {
  const { from, to, at, type, bytes } = message;
  const [x1, y1, x2] = [xOf(from), yOf(at), xOf(to)];
  const seen = arrivals.filter((one) => one <= excerpt.toMs);
  const lines = seen.map((one) => `M${px(x1)} ${px(y1)}L${px(x2)} ${px(yOf(one))}`);
  const fate =
    seen.length > 0
      ? `arrives at ${seen.map((one) => one.toFixed(3)).join(' and ')} ms`
      : arrivals.length > 0
        ? 'arrives after this window'
        : 'does not arrive';
  const title = `${type}${subject(trace, message)}, s${from} to s${to}, ${bytes > 0 ? `${bytes} bytes, ` : ''}sent at ${at.toFixed(3)} ms, ${fate}`;
  if (seen.length > 0) return titled('path', `d="${lines.join('')}"`, title);
  const stub = `M${px(x1)} ${px(y1)}L${px(x1 + (x2 - x1) * 0.3)} ${px(y1 + 9)}`;
  return titled('path', `d="${stub}" stroke-dasharray="2 2.5" marker-end="none"`, title);
}

/** Marks with their labels; labels of one moment stand side by side. */
function marksOf(frame: Frame): string {
  const { trace, xOf, yOf, width } = frame;
  const taken = new Map<SignerId, { y: number; x: number }>();
  const parts: string[] = [];
  let captionY = Number.NEGATIVE_INFINITY;
  const label = (id: SignerId, y: number, content: string, tone: string): void => {
    const last = taken.get(id);
    const x = last && y - last.y < 11 ? last.x : xOf(id) + 8;
    taken.set(id, { y, x: x + 7 * content.length + 4 });
    parts.push(text(x, y + 3.8, content, ` fill="${tone}"`));
  };
  for (const mark of frame.excerpt.marks) {
    const y = yOf(mark.at);
    if (mark.kind === 'note') {
      captionY = Math.max(y - 4, captionY + 12);
      parts.push(
        `<path d="M${axisPx - 8} ${px(y)}H${width - 8}" stroke="var(--bad)" stroke-opacity="0.55" stroke-width="0.8" stroke-dasharray="4 4"/>`,
        text(axisPx + sidePx + 12, captionY, mark.text, ' fill="var(--bad)" font-style="italic"'),
      );
      continue;
    }
    const drawn = shapeOf(mark, trace, xOf(mark.node), y);
    if (!drawn) continue;
    parts.push(
      titled('path', `${drawn.path}`, `s${mark.node} at ${mark.at.toFixed(3)} ms: ${wordsFor(mark, trace)}`),
    );
    if (drawn.label) label(mark.node, y, drawn.label, drawn.tone);
  }
  return `<g font-size="11" paint-order="stroke" stroke-linejoin="round"><g class="marks">${parts.join('')}</g></g>`;
}

interface Shape {
  readonly path: string;
  readonly label: string;
  readonly tone: string;
}

const circle = (x: number, y: number, r: number): string =>
  `d="M${px(x - r)} ${px(y)}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0"`;
const square = (x: number, y: number, r: number): string =>
  `d="M${px(x - r)} ${px(y - r)}h${2 * r}v${2 * r}h${-2 * r}z"`;
const diamond = (x: number, y: number, r: number): string =>
  `d="M${px(x)} ${px(y - r)}l${r} ${r}l${-r} ${r}l${-r} ${-r}z"`;
const cross = (x: number, y: number, r: number): string =>
  `d="M${px(x - r)} ${px(y - r)}l${2 * r} ${2 * r}m0 ${-2 * r}l${-2 * r} ${2 * r}"`;
const wedge = (x: number, y: number): string => `d="M${px(x - 8)} ${px(y - 3.5)}l6 3.5l-6 3.5z"`;

/** How a mark looks; the same shapes stand in the legend. */
export function shapeOf(
  mark: Exclude<Mark, { kind: 'note' }>,
  trace: Trace,
  x: number,
  y: number,
): Shape | undefined {
  switch (mark.kind) {
    case 'submitted':
      return { path: `${wedge(x, y)} fill="var(--soft)"`, label: '', tone: 'var(--soft)' };
    case 'made':
      return {
        path: `${square(x, y, 4.5)} fill="var(--paper)" stroke="var(--ink)" stroke-width="1.6"`,
        label: trace.names[mark.batch] ?? '?',
        tone: 'var(--ink)',
      };
    case 'delivered': {
      const byScore = mark.finality === 'score';
      const tone = byScore ? 'var(--good)' : colourOf(3);
      const fill = mark.void ? 'var(--paper)' : tone;
      return {
        path: `${byScore ? circle(x, y, 4.2) : diamond(x, y, 5.2)} fill="${fill}" stroke="${tone}" stroke-width="1.4"`,
        label: trace.names[mark.batch] ?? '?',
        tone,
      };
    }
    case 'committed':
      return {
        path: `d="M${px(x - 8)} ${px(y)}h16" stroke="${colourOf(3)}" stroke-width="3"`,
        label: mark.entries.length > 0 ? `block ${mark.height}` : '',
        tone: colourOf(3),
      };
    case 'evidence':
      return {
        path: `d="M${px(x)} ${px(y + 5)}v-13l9 3.5l-9 3.5" fill="var(--bad)" stroke="var(--bad)" stroke-width="1.2"`,
        label: `  s${mark.convicts} is guilty`,
        tone: 'var(--bad)',
      };
    case 'down':
      return {
        path: `${cross(x, y, 5)} stroke="var(--bad)" stroke-width="2.4" fill="none"`,
        label: 'stops',
        tone: 'var(--bad)',
      };
    case 'up':
      return mark.at === 0
        ? undefined
        : {
            path: `${circle(x, y, 4)} fill="var(--paper)" stroke="var(--ink)" stroke-width="1.6"`,
            label: 'starts',
            tone: 'var(--ink)',
          };
  }
}

function noteOf({ trace, excerpt }: Frame): string {
  const { flights, marks, fromMs, toMs, omitted } = excerpt;
  const shown = `${flights.length} messages and ${marks.length} events of ${trace.signers} signers from ${fromMs.toFixed(1)} to ${toMs.toFixed(1)} ms`;
  return omitted === 0
    ? `${shown}, everything in this window.`
    : `${shown}. The window holds ${omitted} more, which are not drawn.`;
}
