/**
 * Run as a process of its own by ws.test.ts: two signers connect, a third dials an address where nobody
 * is, and a stranger stays half-way; then all close. The process must end by itself.
 */

import { connect } from 'node:net';
import { signerId } from '../../src/base/ids.ts';
import { numbered, pause, Recorder, TestFederation, until } from './harness.ts';

async function main(): Promise<void> {
  const federation = await TestFederation.of(4);
  const transports = [0, 1, 2].map((id) => federation.make(id));
  const heard = new Recorder();
  for (const transport of transports) await transport.start(heard);
  const stranger = connect(federation.port(1), '127.0.0.1');
  stranger.on('error', () => {});
  await until('up', () => transports[0]!.connected(signerId(1)) && transports[2]!.connected(signerId(1)));
  transports[0]!.send(signerId(1), numbered(1, 3_000_000));
  transports[2]!.send(signerId(0), numbered(2));
  await pause(100);
  await federation.closeAll();
  console.log('closed');
}

await main();
