/** An address of `signer.toml` that cannot be listened on: one line that names the field. */

import type { ListenAddress } from '../messages/config-file.ts';
import { reasonOf } from '../store/error.ts';

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process listens there',
  EACCES: 'this user may not use that port',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'there is no such host name',
  EAI_AGAIN: 'the host name cannot be resolved',
};

export class ListenError extends Error {
  override readonly name = 'ListenError';
}

export const formatAddress = ({ host, port }: ListenAddress): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`;

/** Waits until something listens. @throws ListenError */
export async function listening<T>(field: string, address: ListenAddress, started: Promise<T>): Promise<T> {
  try {
    return await started;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === undefined) throw error;
    const reason = reasons[code] ?? reasonOf(error);
    throw new ListenError(`${field}: cannot listen on ${formatAddress(address)}: ${reason} (${code})`);
  }
}
