/** Values to write: bytes that mean nothing, or operations on documents for a learner to apply. */

import { Random } from '../../sim/random.ts';
import { utf8 } from '../../src/base/bytes.ts';
import type { LoadPlan } from './plan.ts';

const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

/** A value for each key, of exactly `bytes` bytes where the form allows it. */
export function valueSource({
  bytes,
  documents,
  seed,
}: Pick<LoadPlan, 'bytes' | 'documents' | 'seed'>): (key: string) => Uint8Array {
  const random = new Random(`${seed}/values`);
  if (!documents) {
    const value = Uint8Array.from({ length: bytes }, () => random.integer(0, 256));
    return () => value;
  }
  const filling = Array.from({ length: bytes }, () => letters[random.integer(0, letters.length)]).join('');
  const empty = (id: string): string => JSON.stringify({ ops: [{ op: 'create', id, document: '' }] });
  return (id) => {
    const frame = empty(id);
    const room = Math.max(0, bytes - frame.length);
    return utf8(frame.replace('"document":""', `"document":"${filling.slice(0, room)}"`));
  };
}
