/**
 * The package `noise-handshake`, an independent implementation of Noise, as
 * Noise_XX_25519_ChaChaPoly_SHA256. The package fixes BLAKE2b, so its files are loaded with two of their
 * dependencies replaced: `./hkdf` (HMAC over SHA-256, 32 bytes), and of `sodium-universal` the one
 * function `crypto_generichash`. Its handshake, symmetric state, cipher and key agreement run unchanged.
 */

import { createHash, createHmac } from 'node:crypto';
import { createRequire } from 'node:module';
import { protocolName } from '../../src/transport/noise.ts';

interface Peer {
  protocol: Buffer;
  complete: boolean;
  tx: Buffer;
  rx: Buffer;
  hash: Buffer;
  rs: Buffer;
  e: { publicKey: Buffer; secretKey: Buffer } | null;
  initialise(prologue: Buffer): void;
  send(payload?: Buffer): Buffer;
  recv(message: Buffer): Buffer;
}
interface Cipher {
  encrypt(plaintext: Buffer): Buffer;
  decrypt(ciphertext: Buffer): Buffer;
}
type Keys = { publicKey: Buffer; secretKey: Buffer };

const require = createRequire(import.meta.url);
/** Sees what the package itself sees. */
const packageRequire = createRequire(require.resolve('noise-handshake'));
const hashBytes = 32;

const hmac = (key: Uint8Array, data: Uint8Array) => createHmac('sha256', key).update(data).digest();

/** RFC 5869 with an empty info, cut into outputs of one hash each, as the package's own. */
function hkdf(salt: Uint8Array, material: Uint8Array, _info = '', length = 2 * hashBytes): Buffer[] {
  const key = hmac(salt, material);
  const outputs: Buffer[] = [];
  for (let i = 0; i * hashBytes < length; i++)
    outputs.push(hmac(key, Buffer.concat([outputs[i - 1] ?? Buffer.alloc(0), Buffer.of(i + 1)])));
  return outputs;
}

function load(): {
  Noise: new (pattern: string, initiator: boolean, keys: Keys) => Peer;
  Cipher: new (key: Buffer) => Cipher;
} {
  const sodium = packageRequire('sodium-universal') as object;
  const replaced: [string, unknown][] = [
    [require.resolve('noise-handshake/hkdf.js'), { hkdf, HASHLEN: hashBytes }],
    [
      packageRequire.resolve('sodium-universal'),
      {
        ...sodium,
        crypto_generichash: (out: Buffer, input: Buffer) =>
          out.set(createHash('sha256').update(input).digest()),
      },
    ],
  ];
  const saved = replaced.map(([path]) => [path, require.cache[path]] as const);
  for (const [path, exports] of replaced)
    require.cache[path] = { id: path, filename: path, loaded: true, exports } as unknown as NodeModule;
  try {
    return { Noise: require('noise-handshake'), Cipher: require('noise-handshake/cipher.js') };
  } finally {
    for (const [path, module] of saved) {
      if (module) require.cache[path] = module;
      else delete require.cache[path];
    }
  }
}

const { Noise, Cipher } = load();

/** One end of a handshake by the package. */
export function otherImplementation(initiator: boolean, keys: Keys, prologue: Uint8Array): Peer {
  const peer = new Noise('XX', initiator, keys);
  peer.protocol = Buffer.from(protocolName);
  peer.initialise(Buffer.from(prologue));
  return peer;
}

/** Its ciphers after the handshake. The package calls the sending key `tx`. */
export const otherCiphers = (peer: Peer): { send: Cipher; receive: Cipher } => ({
  send: new Cipher(peer.tx),
  receive: new Cipher(peer.rx),
});
