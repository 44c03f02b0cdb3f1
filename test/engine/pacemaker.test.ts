/** How long a leader has: whose link is down, and who is only slow (protocol section 6, "Timeout"). */

import { describe, expect, it } from 'vitest';
import { signerId } from '../../src/base/ids.ts';
import { Lab } from './lab.ts';

const limits = { checkpointAfterMs: 200, leaderTerm: 32, viewTimeoutMs: 3000, levelTimeoutMs: 40 };
const make = () => {
  const lab = new Lab({ signers: 4, byzantine: 1, limits });
  const leader = lab.leader();
  const others = [0, 1, 2, 3].filter((one) => one !== leader);
  return { lab, leader, others };
};

describe('a leader', () => {
  it('that everybody suspects, because it is slow, has its full time', () => {
    const { lab, leader, others } = make();
    lab.delay = ({ from }) => (from === leader ? 400 : 1);
    lab.submit(others[0]!, lab.transaction(['a']));
    lab.run(350);
    // A level's time has passed without its vote, and it has proposed nothing that has arrived.
    const suspects = others.filter((one) => lab.engine(one).status().suspected.includes(signerId(leader)));
    expect(suspects.length).toBeGreaterThan(0);
    lab.run(4000);
    for (const one of others) expect(lab.engine(one).status().height).toBe(1);
    expect(lab.messages('timeout')).toEqual([]);
  });

  it('whose link is down keeps its term when a QC shows that it works', () => {
    const { lab, leader, others } = make();
    for (const one of others) lab.input(one, { type: 'link', peer: signerId(leader), up: false });
    lab.delay = ({ from, message }) => {
      if (from !== leader) return 1;
      // The second proposal brings the first QC; the second QC comes alone. A tenth of the time is 300 ms.
      return message.type === 'proposal' ? 60 : message.type === 'view' ? 600 : 1;
    };
    lab.submit(others[0]!, lab.transaction(['a']));
    lab.run(3000);
    for (const one of others) expect(lab.engine(one).status().height).toBe(1);
    expect(lab.messages('timeout')).toEqual([]);
  });

  it('whose link is down and who is not heard of otherwise loses its term soon', () => {
    const { lab, leader, others } = make();
    for (const one of others) lab.input(one, { type: 'link', peer: signerId(leader), up: false });
    lab.delay = ({ from, message }) => (from === leader && message.type === 'proposal' ? 400 : 1);
    lab.submit(others[0]!, lab.transaction(['a']));
    lab.run(200 + 300 + 100);
    expect(new Set(lab.messages('timeout').map(({ from }) => from)).size).toBeGreaterThanOrEqual(3);
  });
});
