/** Events as sentences: what a person who steps through a run wants to know of each. */

import type { TraceEvent } from '../../sim/trace/trace.ts';
import type { Timeline } from './timeline.ts';

/** The last of the first `count` events that has something to say. */
export function describeLast(timeline: Timeline, count: number): string | undefined {
  for (let i = count - 1; i >= 0; i--) {
    const sentence = describe(timeline, timeline.trace.events[i]!);
    if (sentence !== undefined) return sentence;
  }
  return undefined;
}

const described: Readonly<Partial<Record<string, string>>> = {
  announce: 'the transaction',
  votes: 'votes on',
  certificate: 'the certificate of',
  voteRequest: 'a request for a vote on',
  proposal: 'a block',
  blockVotes: 'signatures on a block',
  timeout: 'word that it gives up on the leader',
};

function describe({ trace, messages }: Timeline, event: TraceEvent): string | undefined {
  const name = (batch: string): string => trace.names[batch as keyof typeof trace.names] ?? '?';
  switch (event.kind) {
    case 'submitted':
      return `${event.client} sends a transaction to s${event.node}.`;
    case 'made':
      return `s${event.node} takes it into the order as ${name(event.batch)}, root of its tree.`;
    case 'arrived':
      return `s${event.node} accepts ${name(event.batch)}, at place ${event.position} of its arrivals.`;
    case 'received': {
      const sent = messages.sent.get(event.id);
      const what = sent && described[sent.type];
      const batch = sent?.cargo.votes?.batch ?? sent?.cargo.batch;
      return what && `s${event.to} receives ${what}${batch ? ` ${name(batch)}` : ''} from s${event.from}.`;
    }
    case 'delivered':
      return `s${event.node} delivers ${name(event.batch)}, final by ${event.finality}.`;
    case 'committed':
      return `s${event.node} commits block ${event.height}.`;
    case 'evidence':
      return `s${event.node} has a proof against s${event.convicts}.`;
    case 'refused':
      return `s${event.node} refuses a message of s${event.from}: ${event.message}.`;
    case 'down':
      return `s${event.node} goes down.`;
    case 'up':
      return event.at > 0 ? `s${event.node} is up again.` : undefined;
    case 'note':
      return `${event.text}.`;
    case 'sent':
      return undefined;
  }
}
