/** The virtual network: latencies as measured, weather, order, cuts, bandwidth, and what is counted. */

import { describe, expect, it } from 'vitest';
import { simFederation } from '../../sim/federation.ts';
import { MessageSizes } from '../../sim/network/message-sizes.ts';
import { networkModel, uniformModel } from '../../sim/network/models.ts';
import { Network, type NetworkOptions } from '../../sim/network/network.ts';
import { fairWeather, type LinkQuality } from '../../sim/network/quality.ts';
import { Random } from '../../sim/random.ts';
import { Schedule } from '../../sim/schedule.ts';
import { utf8 } from '../../src/base/bytes.ts';
import {
  attempt,
  type BlockDigest,
  batchNumber,
  type Digest,
  digestAs,
  height,
  signerId,
} from '../../src/base/ids.ts';
import { makeBatch } from '../../src/messages/batch.ts';
import { genesisCertificate } from '../../src/messages/block.ts';
import { encodePeerMessage, type PeerMessage } from '../../src/messages/peer.ts';
import { neverExpires } from '../../src/messages/transaction.ts';
import { upTo } from './support.ts';

const [s0, s1, s2] = [signerId(0), signerId(1), signerId(2)];
const large = (from: number): PeerMessage => ({
  type: 'fetch',
  batches: [],
  certificates: [],
  blocks: upTo(200).map((i) => digestAs<BlockDigest>(`${from + i}`.padStart(64, '0') as Digest)),
});
const lone = {
  client: utf8('client'),
  nonce: 1,
  expires: neverExpires,
  dependencies: [],
  body: new Uint8Array(100),
  signature: undefined,
};
const message = (from: number): PeerMessage => ({ type: 'catchUp', from: height(from) });

interface Arrival {
  readonly at: number;
  readonly about: number;
  readonly id: number;
}

function lan(weather: Partial<LinkQuality> = {}, options: Partial<NetworkOptions> = {}) {
  const schedule = new Schedule();
  const arrivals: Arrival[] = [];
  const network = new Network(
    schedule,
    new Random('network'),
    {
      signers: 3,
      model: uniformModel(2),
      bandwidthMbps: undefined,
      uplinkMbps: undefined,
      wire: true,
      countBytes: false,
      ...options,
    },
    (_, __, arrived, id) => {
      if (arrived.type === 'catchUp') arrivals.push({ at: schedule.now, about: arrived.from, id });
    },
  );
  network.weather = { ...fairWeather, ...weather };
  const settle = (): readonly Arrival[] => {
    while (schedule.step(1e9));
    return arrivals;
  };
  return { schedule, network, settle };
}

describe('a link', () => {
  it('takes its latency, its own one, and what delays its ends', () => {
    const { network, settle } = lan({ latencyMs: 2 });
    network.setLatency(s0, s1, 10);
    network.setDelay(s2, 100);
    network.send(s0, s1, message(1));
    network.send(s1, s0, message(2));
    network.send(s1, s2, message(3));
    expect(settle().map(({ at, about }) => [about, at])).toEqual([
      [2, 3],
      [1, 12],
      [3, 103],
    ]);
    network.setLatency(s0, s1, undefined);
    network.clearDelays();
    expect([network.latencyMs(s0, s1), network.latencyMs(s1, s2)]).toEqual([3, 3]);
  });

  it('takes half of a round trip, without jitter, where all round trips are said to be equal', () => {
    const { network, settle } = lan({}, { model: uniformModel(200) });
    network.send(s0, s1, message(1));
    network.send(s2, s0, message(2));
    expect(settle().map(({ at }) => at)).toEqual([100, 100]);
  });

  it('loses and doubles as often as the weather says', () => {
    const lossy = lan({ loss: 0.25 });
    const doubling = lan({ duplication: 0.25 });
    for (const i of upTo(2000)) {
      lossy.network.send(s0, s1, message(i));
      doubling.network.send(s0, s1, message(i));
    }
    expect(lossy.settle().length / 2000).toBeCloseTo(0.75, 1);
    const twice = doubling.settle();
    expect(twice.length / 2000).toBeCloseTo(1.25, 1);
    expect(new Set(twice.map(({ id }) => id)).size).toBe(2000);
  });

  it('keeps the order of its messages unless the weather mixes them', () => {
    const inOrder = (reorder: boolean): boolean => {
      const { network, schedule, settle } = lan({ jitterMs: 5, reorder });
      for (const i of upTo(3000)) {
        schedule.after(i * 0.37, () => network.send(s0, s1, message(i)));
      }
      const about = settle().map((arrival) => arrival.about);
      return about.every((one, i) => one === i);
    };
    expect(inOrder(false)).toBe(true);
    expect(inOrder(true)).toBe(false);
  });

  it('carries nothing while it is cut, also what was on its way, in that direction only', () => {
    const { network, schedule, settle } = lan();
    network.send(s0, s1, message(1));
    network.setCut(s0, s1, true);
    network.send(s0, s1, message(2));
    network.send(s1, s0, message(3));
    expect(settle().map(({ about }) => about)).toEqual([3]);
    expect([network.isCut(s0, s1), network.isCut(s1, s0)]).toEqual([true, false]);
    network.heal();
    network.send(s0, s1, message(4));
    expect(settle().map(({ about }) => about)).toEqual([3, 4]);
    expect(schedule.now).toBe(2);
  });
});

describe('bandwidth', () => {
  it('makes messages wait for their link, and for the uplink of their sender', () => {
    const one = lan({}, { bandwidthMbps: 0.008 });
    const bytes = one.network.size(message(1));
    for (const i of upTo(3)) one.network.send(s0, s1, message(i));
    one.network.send(s0, s2, message(9));
    // A byte takes a ms.
    expect(one.settle().map(({ at }) => at)).toEqual([1 + bytes, 1 + bytes, 1 + 2 * bytes, 1 + 3 * bytes]);
    const shared = lan({}, { uplinkMbps: 0.008 });
    for (const to of [s1, s2]) shared.network.send(s0, to, message(1));
    shared.network.send(s1, s0, message(2));
    expect(shared.settle().map(({ at }) => at)).toEqual([1 + bytes, 1 + bytes, 1 + 2 * bytes]);
  });
});

describe('an uplink', () => {
  it('lets small messages pass large ones to others, and makes up for it', () => {
    const { schedule, network, settle } = lan({}, { uplinkMbps: 0.008 });
    const [body, small] = [network.size(large(0)), network.size(message(1))];
    expect(small).toBeLessThan(4500);
    expect(body).toBeGreaterThan(4500);
    network.send(s0, s1, large(0));
    network.send(s0, s2, message(1));
    network.send(s0, s2, message(2));
    network.send(s0, s2, large(1));
    network.send(s0, s1, message(3));
    expect(settle().map(({ at, about }) => [about, at])).toEqual([
      [1, 1 + small],
      [2, 1 + 2 * small],
      // On its own link it waits for the body before it.
      [3, 1 + body],
    ]);
    expect(schedule.now).toBe(1 + 2 * body + 2 * small);
  });
});

describe('sizes of messages', () => {
  it('are those on the wire, found once for a body however often it is passed on', () => {
    const { signers, verifier } = simFederation({ seed: 'sizes', signers: 4, byzantine: 1, faulty: 1 });
    const batch = makeBatch(
      { epoch: verifier.epoch, ingress: s0, number: batchNumber(1), after: [] },
      [{ ...lone, epoch: verifier.epoch }],
      (bytes) => signers[0]!.signingKey.sign(bytes),
    );
    const sizes = new MessageSizes(4, 0);
    for (const one of [
      { type: 'announce', root: s0, attempt: attempt(0), batch },
      { type: 'announce', root: s2, attempt: attempt(7), batch },
      message(3),
      large(1),
    ] satisfies PeerMessage[])
      expect(sizes.of(one)).toBe(encodePeerMessage(one, 4).length);
    const certificate = { batch: batch.id, classes: [], signature: new Uint8Array(32) };
    const qc = genesisCertificate(verifier.epoch);
    const padded = new MessageSizes(4, 64);
    for (const [one, aggregates] of [
      [{ type: 'announce', root: s0, attempt: attempt(0), batch }, 0],
      [{ type: 'certificate', root: s0, attempt: attempt(0), certificate }, 1],
      [{ type: 'votes', root: s0, attempt: attempt(0), votes: certificate }, 1],
      [{ type: 'view', high: qc, tc: undefined, committed: height(0) }, 1],
      [{ type: 'wanted', certificates: [certificate, certificate] }, 2],
      [{ type: 'blocks', blocks: [], certificates: [certificate], proof: [], qc }, 2],
    ] satisfies [PeerMessage, number][])
      expect(padded.of(one)).toBe(encodePeerMessage(one, 4).length + 64 * aggregates);
  });
});

describe('what is counted', () => {
  it('is every message by its sender, and bytes where somebody needs them', () => {
    const wired = lan();
    const plain = lan({}, { wire: false });
    const counted = lan({}, { wire: false, countBytes: true });
    for (const { network } of [wired, plain, counted])
      for (const to of [s1, s2]) network.send(s0, to, message(1));
    const bytes = 2 * wired.network.size(message(1));
    expect([...wired.network.messagesOf]).toEqual([2, 0, 0]);
    expect([wired, plain, counted].map(({ network }) => network.bytesOf[0])).toEqual([bytes, 0, bytes]);
    expect(plain.network.sent).toBe(2);
  });

  it('arrives decoded over the wire, and as it is without', () => {
    const seen: PeerMessage[] = [];
    const said = message(5);
    for (const wire of [true, false]) {
      const schedule = new Schedule();
      const model = networkModel('lan', 2, new Random('x'));
      const options = { signers: 2, model, bandwidthMbps: undefined, uplinkMbps: undefined, wire };
      const network = new Network(
        schedule,
        new Random('y'),
        { ...options, countBytes: false },
        (_, __, one) => seen.push(one),
      );
      network.send(s0, s1, said);
      while (schedule.step(100));
    }
    expect(seen).toEqual([said, said]);
    expect(seen.map((one) => one === said)).toEqual([false, true]);
  });
});

describe('measured networks', () => {
  it.each(['aws', 'cities'] as const)(
    '%s: half a round trip, the same for the same seed, places for all',
    (name) => {
      const model = networkModel(name, 30, new Random('deal'));
      expect(model.regions).toHaveLength(30);
      expect(networkModel(name, 30, new Random('deal')).regions).toEqual(model.regions);
      expect(networkModel(name, 30, new Random('other')).regions).not.toEqual(model.regions);
      for (const from of upTo(30))
        for (const to of upTo(30)) {
          const latencyMs = model.latencyMs(signerId(from), signerId(to));
          expect(latencyMs).toBeGreaterThanOrEqual(0.2);
          expect(latencyMs).toBeLessThan(400);
          expect(model.jitterMs(signerId(from), signerId(to))).toBeCloseTo(0.02 * latencyMs);
        }
    },
  );
});
