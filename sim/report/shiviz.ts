/**
 * A trace as a log that ShiViz draws: the expression that reads a line, an empty line (one execution), and
 * then a line for each event with its host, its vector clock and what happened. A host counts its own
 * events; what it receives brings the sender's clock as of the sending.
 */

import type { BatchId, SignerId } from '../../src/base/ids.ts';
import type { Trace, TraceEvent } from '../trace/trace.ts';

type Clock = Map<SignerId, number>;

const hostOf = (id: SignerId): string => `s${id}`;

/** Reads `host clock-json event`; the clock is flat, so it ends at the first brace. */
const expression = String.raw`(?<host>\S+) (?<clock>\{[^}]*\}) (?<event>.*)`;

export function shivizLog(trace: Trace): string {
  const clocks = new Map<SignerId, Clock>();
  /** The sender's clock, and what it said, by message. */
  const sent = new Map<number, { readonly clock: Clock; readonly text: string }>();
  const lines = [expression, ''];
  const clockOf = (id: SignerId): Clock => {
    let clock = clocks.get(id);
    if (!clock) {
      clock = new Map();
      clocks.set(id, clock);
    }
    return clock;
  };
  const say = (id: SignerId, at: number, text: string): void => {
    const clock = clockOf(id);
    clock.set(id, (clock.get(id) ?? 0) + 1);
    const entries = [...clock].sort(([a], [b]) => a - b).map(([host, time]) => `"${hostOf(host)}":${time}`);
    lines.push(`${hostOf(id)} {${entries.join(',')}} ${at.toFixed(3)} ms ${oneLine(text)}`);
  };
  for (const event of trace.events) {
    if (event.kind === 'sent') {
      const text = `${event.type}${subject(trace, event)}`;
      say(event.from, event.at, `send ${text} to ${hostOf(event.to)}`);
      sent.set(event.id, { clock: new Map(clockOf(event.from)), text });
    } else if (event.kind === 'received') {
      const message = sent.get(event.id);
      merge(clockOf(event.to), message?.clock);
      say(event.to, event.at, `receive ${message?.text ?? 'a message'} from ${hostOf(event.from)}`);
    } else if (event.kind === 'note') for (const id of event.nodes) say(id, event.at, event.text);
    else say(event.node, event.at, wordsFor(event, trace));
  }
  return `${lines.join('\n')}\n`;
}

const oneLine = (text: string): string => text.replace(/\s+/g, ' ');

function merge(clock: Clock, other: Clock | undefined): void {
  for (const [id, time] of other ?? []) if (time > (clock.get(id) ?? 0)) clock.set(id, time);
}

const nameOf = (trace: Trace, batch: BatchId): string => trace.names[batch] ?? batch.slice(0, 8);

/** What a message is about: a batch by its short name, a block by height, a view. */
export function subject(trace: Trace, { cargo }: Extract<TraceEvent, { kind: 'sent' }>): string {
  const batch = cargo.batch ?? cargo.votes?.batch;
  if (batch !== undefined) return ` ${nameOf(trace, batch)}`;
  if (cargo.block) return ` block ${cargo.block.height} in view ${cargo.block.view}`;
  if (cargo.blockVotes) return ` view ${cargo.blockVotes.view}`;
  return cargo.timeout === undefined ? '' : ` end ${cargo.timeout}`;
}

/** What happened at one signer, in words. */
export function wordsFor(
  event: Exclude<TraceEvent, { kind: 'sent' | 'received' | 'note' }>,
  trace: Trace,
): string {
  const name = (batch: BatchId): string => nameOf(trace, batch);
  switch (event.kind) {
    case 'submitted':
      return `${event.client} submits ${event.transaction.slice(0, 8)}`;
    case 'made':
      return `makes batch ${name(event.batch)}, number ${event.number}, of ${event.transactions.length} transactions`;
    case 'arrived':
      return `accepts ${name(event.batch)} as its number ${event.position}`;
    case 'delivered':
      return `delivers ${name(event.batch)} by ${event.finality}${event.score === undefined ? '' : `, score ${event.score}`}${event.void ? ', void' : ''}`;
    case 'committed':
      return `commits block ${event.height} of view ${event.view}: ${event.entries.map(name).join(' ') || 'empty'}`;
    case 'evidence':
      return `holds evidence against ${hostOf(event.convicts)}: ${event.what}`;
    case 'refused':
      return `refuses what ${hostOf(event.from)} sent: ${event.code}`;
    case 'up':
      return 'starts';
    case 'down':
      return 'stops';
  }
}
