/**
 * The Noise protocol framework, revision 34, for exactly one protocol:
 * Noise_XX_25519_ChaChaPoly_SHA256. Three messages, after which both sides know each other's static key
 * and hold one cipher per direction; static keys travel encrypted.
 *
 *   -> e
 *   <- e, ee, s, es
 *   -> s, se
 *
 * Names follow the specification (section 5), so that the code can be read beside it. Invariants:
 * 1. A cipher never uses a nonce twice: it counts up, and refuses at `noncesMax`, far below 2^64. The
 *    owner then closes the connection; the next handshake brings new keys.
 * 2. A failed decryption does not advance the state, and a failed handshake cannot be continued.
 * 3. All-zero key agreements are refused (x25519.ts).
 */

import { createCipheriv, createDecipheriv, createHash, createHmac } from 'node:crypto';
import { invariant } from '../base/assert.ts';
import { utf8 } from '../base/bytes.ts';
import { accept, type Result, refuse } from '../base/result.ts';
import { agree, generateKeyPair, type KeyPair, keyBytes } from './x25519.ts';

export const protocolName = 'Noise_XX_25519_ChaChaPoly_SHA256';
export const noiseMessageBytesMax = 65535;
export const tagBytes = 16;
export const noncesMaxDefault = 2 ** 40;

const cipherName = 'chacha20-poly1305';
const empty = new Uint8Array(0);

const sha256 = (...parts: readonly Uint8Array[]): Uint8Array => {
  const state = createHash('sha256');
  for (const part of parts) state.update(part);
  return state.digest();
};
const hmac = (key: Uint8Array, data: Uint8Array): Uint8Array =>
  createHmac('sha256', key).update(data).digest();

/** HKDF with two outputs (section 4.3). */
function hkdf2(chainingKey: Uint8Array, material: Uint8Array): [Uint8Array, Uint8Array] {
  const temporary = hmac(chainingKey, material);
  const first = hmac(temporary, Uint8Array.of(1));
  return [first, hmac(temporary, Buffer.concat([first, Uint8Array.of(2)]))];
}

/** One direction of encryption (section 5.1). Without a key it passes bytes through. */
export class CipherState {
  readonly #key: Uint8Array | undefined;
  readonly #noncesMax: number;
  #nonce = 0;

  /** @param noncesMax messages this key may protect; at most 2^53 - 1. */
  constructor(key: Uint8Array | undefined, noncesMax: number = noncesMaxDefault) {
    this.#key = key;
    this.#noncesMax = noncesMax;
  }

  get hasKey(): boolean {
    return this.#key !== undefined;
  }

  /** True when the key may not be used again. */
  get exhausted(): boolean {
    return this.#nonce >= this.#noncesMax;
  }

  /** Ciphertext and tag. @throws InvariantViolation when `exhausted`: check before. */
  encryptWithAd(associated: Uint8Array, plaintext: Uint8Array): Uint8Array {
    if (this.#key === undefined) return plaintext;
    invariant(!this.exhausted, 'cipher used beyond its last nonce');
    const cipher = createCipheriv(cipherName, this.#key, this.#nonceBytes(), { authTagLength: tagBytes });
    cipher.setAAD(associated, { plaintextLength: plaintext.length });
    const head = cipher.update(plaintext);
    const tail = cipher.final();
    this.#nonce += 1;
    return Buffer.concat([head, tail, cipher.getAuthTag()]);
  }

  /** The plaintext, in memory of its own, or a refusal that leaves the state as it was. */
  decryptWithAd(associated: Uint8Array, ciphertext: Uint8Array): Result<Uint8Array> {
    if (this.#key === undefined) return accept(ciphertext);
    if (this.exhausted) return refuse('NOISE_EXHAUSTED', 'cipher has no nonces left');
    const length = ciphertext.length - tagBytes;
    if (length < 0) return refuse('NOISE_SHORT', `ciphertext has ${ciphertext.length} bytes, no tag`);
    const decipher = createDecipheriv(cipherName, this.#key, this.#nonceBytes(), {
      authTagLength: tagBytes,
    });
    decipher.setAAD(associated, { plaintextLength: length });
    decipher.setAuthTag(ciphertext.subarray(length));
    const plaintext = decipher.update(ciphertext.subarray(0, length));
    try {
      decipher.final();
    } catch {
      // The only way `final` fails here is a wrong tag.
      return refuse('NOISE_TAG', 'message does not authenticate');
    }
    this.#nonce += 1;
    return accept(plaintext);
  }

  /** 32 zero bits and the counter, 64 bits little-endian (section 12.3). */
  #nonceBytes(): Uint8Array {
    const nonce = Buffer.alloc(12);
    nonce.writeUInt32LE(this.#nonce % 2 ** 32, 4);
    nonce.writeUInt32LE(Math.floor(this.#nonce / 2 ** 32), 8);
    return nonce;
  }
}

/** Chaining key and handshake hash (section 5.2). */
export class SymmetricState {
  #cipher = new CipherState(undefined);
  #chainingKey: Uint8Array;
  #hash: Uint8Array;

  constructor(name: string) {
    const bytes = utf8(name);
    this.#hash = bytes.length <= 32 ? Buffer.concat([bytes, Buffer.alloc(32 - bytes.length)]) : sha256(bytes);
    this.#chainingKey = this.#hash;
  }

  get hasKey(): boolean {
    return this.#cipher.hasKey;
  }

  get handshakeHash(): Uint8Array {
    return Uint8Array.from(this.#hash);
  }

  mixKey(material: Uint8Array): void {
    const [chainingKey, key] = hkdf2(this.#chainingKey, material);
    this.#chainingKey = chainingKey;
    this.#cipher = new CipherState(key);
  }

  mixHash(data: Uint8Array): void {
    this.#hash = sha256(this.#hash, data);
  }

  encryptAndHash(plaintext: Uint8Array): Uint8Array {
    const ciphertext = this.#cipher.encryptWithAd(this.#hash, plaintext);
    this.mixHash(ciphertext);
    return ciphertext;
  }

  decryptAndHash(ciphertext: Uint8Array): Result<Uint8Array> {
    const plaintext = this.#cipher.decryptWithAd(this.#hash, ciphertext);
    if (plaintext.ok) this.mixHash(ciphertext);
    return plaintext;
  }

  /** Ciphers from initiator to responder, and back. */
  split(noncesMax: number): [CipherState, CipherState] {
    const [first, second] = hkdf2(this.#chainingKey, empty);
    return [new CipherState(first, noncesMax), new CipherState(second, noncesMax)];
  }
}

type Token = 'e' | 's' | 'ee' | 'es' | 'se';
/** Message patterns of XX (section 7.5); even ones are the initiator's. */
const messagePatterns: readonly (readonly Token[])[] = [['e'], ['e', 'ee', 's', 'es'], ['s', 'se']];

export interface HandshakeStateOptions {
  readonly initiator: boolean;
  readonly prologue: Uint8Array;
  readonly staticKeys: KeyPair;
  /** Source of the ephemeral key pair; only test vectors replace it. */
  readonly ephemeral?: () => KeyPair;
  readonly noncesMax?: number;
}

/** What a finished handshake leaves. */
export interface TransportKeys {
  readonly send: CipherState;
  readonly receive: CipherState;
  readonly handshakeHash: Uint8Array;
  readonly remoteStatic: Uint8Array;
}

/** One run of XX (section 5.3). Calls must follow the pattern; a refusal ends it. */
export class HandshakeState {
  readonly #symmetric = new SymmetricState(protocolName);
  readonly #options: HandshakeStateOptions;
  #ephemeral: KeyPair | undefined;
  #remoteEphemeral: Uint8Array | undefined;
  #remoteStatic: Uint8Array | undefined;
  /** Index of the next message; -1 after a refusal. */
  #step = 0;

  constructor(options: HandshakeStateOptions) {
    this.#options = options;
    this.#symmetric.mixHash(options.prologue);
  }

  get complete(): boolean {
    return this.#step === messagePatterns.length;
  }

  /** The next message with its payload, encrypted as far as the pattern allows. */
  writeMessage(payload: Uint8Array): Result<Uint8Array> {
    const parts: Uint8Array[] = [];
    for (const token of this.#takePattern(this.#options.initiator)) {
      if (token === 'e') {
        this.#ephemeral = (this.#options.ephemeral ?? generateKeyPair)();
        parts.push(this.#ephemeral.publicKey);
        this.#symmetric.mixHash(this.#ephemeral.publicKey);
      } else if (token === 's') {
        parts.push(this.#symmetric.encryptAndHash(this.#options.staticKeys.publicKey));
      } else {
        const mixed = this.#mixAgreement(token);
        if (!mixed.ok) return this.#fail(mixed);
      }
    }
    parts.push(this.#symmetric.encryptAndHash(payload));
    const message = Buffer.concat(parts);
    invariant(message.length <= noiseMessageBytesMax, 'handshake payload too large');
    return accept(message);
  }

  /** The payload of the remote side's next message. */
  readMessage(message: Uint8Array): Result<Uint8Array> {
    let offset = 0;
    const take = (length: number): Uint8Array | undefined => {
      if (offset + length > message.length) return undefined;
      offset += length;
      return message.subarray(offset - length, offset);
    };
    const pattern = this.#takePattern(!this.#options.initiator);
    if (message.length > noiseMessageBytesMax)
      return this.#fail(refuse('NOISE_LONG', `handshake message has ${message.length} bytes`));
    for (const token of pattern) {
      if (token === 'e') {
        const key = take(keyBytes);
        if (!key) return this.#fail(refuse('NOISE_SHORT', 'handshake message ends within e'));
        this.#remoteEphemeral = Uint8Array.from(key);
        this.#symmetric.mixHash(key);
      } else if (token === 's') {
        const sealed = take(this.#symmetric.hasKey ? keyBytes + tagBytes : keyBytes);
        if (!sealed) return this.#fail(refuse('NOISE_SHORT', 'handshake message ends within s'));
        const key = this.#symmetric.decryptAndHash(sealed);
        if (!key.ok) return this.#fail(key);
        this.#remoteStatic = key.value;
      } else {
        const mixed = this.#mixAgreement(token);
        if (!mixed.ok) return this.#fail(mixed);
      }
    }
    const payload = this.#symmetric.decryptAndHash(message.subarray(offset));
    return payload.ok ? payload : this.#fail(payload);
  }

  /** Keys for the transport phase. @throws InvariantViolation when not `complete`. */
  split(): TransportKeys {
    invariant(this.complete && this.#remoteStatic !== undefined, 'handshake is not complete');
    const [forward, back] = this.#symmetric.split(this.#options.noncesMax ?? noncesMaxDefault);
    return {
      send: this.#options.initiator ? forward : back,
      receive: this.#options.initiator ? back : forward,
      handshakeHash: this.#symmetric.handshakeHash,
      remoteStatic: this.#remoteStatic,
    };
  }

  #takePattern(fromInitiator: boolean): readonly Token[] {
    const pattern = messagePatterns[this.#step];
    invariant(
      pattern !== undefined && (this.#step % 2 === 0) === fromInitiator,
      'handshake message out of turn',
    );
    this.#step += 1;
    return pattern;
  }

  /** The first letter names the initiator's key, the second the responder's. */
  #mixAgreement(token: 'ee' | 'es' | 'se'): Result<void> {
    const [local, remote] = this.#options.initiator ? [token[0], token[1]] : [token[1], token[0]];
    const own = local === 'e' ? this.#ephemeral : this.#options.staticKeys;
    const theirs = remote === 'e' ? this.#remoteEphemeral : this.#remoteStatic;
    invariant(own !== undefined && theirs !== undefined, `no keys for ${token}`);
    const shared = agree(own, theirs);
    if (!shared.ok) return shared;
    this.#symmetric.mixKey(shared.value);
    return accept(undefined);
  }

  #fail<T extends { ok: false }>(refusal: T): T {
    this.#step = -1;
    return refusal;
  }
}
