/**
 * Who is there, and do we speak the same protocol about the same federation? One run of Noise XX over a
 * channel of messages, in three messages of fixed size. Both sides then know which signer is at the
 * other end, and hold fresh keys.
 *
 * Rules:
 * 1. The first message carries version and epoch in the clear, so that a mismatch is refused by name;
 *    both are in the Noise prologue too, so that nobody can alter them (protocol section 1).
 * 2. A responder asks `identify` whose static key it sees; a key that it refuses ends the handshake.
 * 3. An initiator accepts nobody but the signer that it dialled.
 * 4. The initiator counts the connection as up only after a first transport message has decrypted: the
 *    responder sends it once it has accepted, so a refused initiator never believes that it is connected.
 * 5. A message of any size but the one expected is refused before any computation.
 *
 * The time limit is the owner's: it closes the channel.
 */

import { concat, equalBytes, fromHex, utf8 } from '../base/bytes.ts';
import { fixedBytes, P, u16 } from '../base/codec.ts';
import type { Epoch, SignerId } from '../base/ids.ts';
import { accept, type Result, refuse } from '../base/result.ts';
import { HandshakeState, type TransportKeys, tagBytes } from './noise.ts';
import { type KeyPair, keyBytes } from './x25519.ts';

export const transportVersion = 1;

const helloBytes = 2 + 32;
/** Sizes of the three messages: keys, tags and the hello. */
export const handshakeBytes = [
  keyBytes + helloBytes,
  2 * keyBytes + 2 * tagBytes,
  keyBytes + 2 * tagBytes,
] as const;

/** A later version's first message may be longer; it must still be refused by its version. */
export const firstMessageBytesMax = 1024;

const hello = P.struct({ version: u16(), epoch: fixedBytes(32) });
const nothing = new Uint8Array(0);

/** The other end of a finished handshake. */
export interface Session extends TransportKeys {
  readonly peer: SignerId;
}

interface CommonOptions {
  readonly staticKeys: KeyPair;
  readonly epoch: Epoch;
  readonly ephemeral?: () => KeyPair;
  readonly noncesMax?: number;
}

export interface InitiatorOptions extends CommonOptions {
  readonly role: 'initiator';
  readonly dialled: { readonly id: SignerId; readonly transportKey: Uint8Array };
}

export interface ResponderOptions extends CommonOptions {
  readonly role: 'responder';
  /** Which signer a static key belongs to, or why it may not connect. */
  readonly identify: (transportKey: Uint8Array) => Result<SignerId>;
}

export type HandshakeOptions = InitiatorOptions | ResponderOptions;

/** What to do after a message: send `reply` if there is one; with `session` the handshake is over. */
export interface HandshakeStep {
  readonly reply?: Uint8Array;
  readonly session?: Session;
}

const prologue = (version: number, epoch: Uint8Array): Uint8Array =>
  concat(utf8('musig-paxos/transport'), hello.encode({ version, epoch }));

/** One side of one handshake. After a refusal or a session it must not be used again. */
export class Handshake {
  readonly #options: HandshakeOptions;
  readonly #epoch: Uint8Array;
  readonly #noise: HandshakeState;
  #received = 0;

  constructor(options: HandshakeOptions) {
    this.#options = options;
    this.#epoch = fromHex(options.epoch);
    this.#noise = new HandshakeState({
      initiator: options.role === 'initiator',
      prologue: prologue(transportVersion, this.#epoch),
      staticKeys: options.staticKeys,
      ...(options.ephemeral && { ephemeral: options.ephemeral }),
      ...(options.noncesMax !== undefined && { noncesMax: options.noncesMax }),
    });
  }

  /** The initiator's first message. */
  start(): Result<Uint8Array> {
    return this.#noise.writeMessage(hello.encode({ version: transportVersion, epoch: this.#epoch }));
  }

  /** Takes one message of the other side. Never throws on bad bytes. */
  receive(message: Uint8Array): Result<HandshakeStep> {
    const options = this.#options;
    this.#received += 1;
    if (options.role === 'initiator') return this.#answer(message, options);
    return this.#received === 1 ? this.#greet(message) : this.#identify(message, options);
  }

  /** Responder, first message: version and epoch, then our keys. */
  #greet(message: Uint8Array): Result<HandshakeStep> {
    if (message.length < handshakeBytes[0] || message.length > firstMessageBytesMax)
      return refuse('HANDSHAKE_LENGTH', `first message has ${message.length} bytes`);
    const version = (message[keyBytes]! << 8) | message[keyBytes + 1]!;
    if (version !== transportVersion)
      return refuse('VERSION_MISMATCH', `peer speaks transport version ${version}, not ${transportVersion}`);
    if (message.length !== handshakeBytes[0])
      return refuse('HANDSHAKE_LENGTH', `first message has ${message.length} bytes`);
    if (!equalBytes(message.subarray(keyBytes + 2), this.#epoch))
      return refuse('EPOCH_MISMATCH', 'peer belongs to another federation or epoch');
    const read = this.#noise.readMessage(message);
    if (!read.ok) return read;
    const reply = this.#noise.writeMessage(nothing);
    return reply.ok ? accept({ reply: reply.value }) : reply;
  }

  /** Initiator, second message: is it the signer that we dialled? */
  #answer(message: Uint8Array, options: InitiatorOptions): Result<HandshakeStep> {
    if (message.length !== handshakeBytes[1])
      return refuse('HANDSHAKE_LENGTH', `second message has ${message.length} bytes`);
    const read = this.#noise.readMessage(message);
    if (!read.ok) return read;
    const last = this.#noise.writeMessage(nothing);
    if (!last.ok) return last;
    const keys = this.#noise.split();
    // Checked before the last message leaves: an impostor never sees our identity.
    if (!equalBytes(keys.remoteStatic, options.dialled.transportKey))
      return refuse('WRONG_PEER', `the address of signer ${options.dialled.id} answers with another key`);
    return accept({ reply: last.value, session: { ...keys, peer: options.dialled.id } });
  }

  /** Responder, third message: who dialled us? */
  #identify(message: Uint8Array, options: ResponderOptions): Result<HandshakeStep> {
    if (message.length !== handshakeBytes[2])
      return refuse('HANDSHAKE_LENGTH', `third message has ${message.length} bytes`);
    const read = this.#noise.readMessage(message);
    if (!read.ok) return read;
    const keys = this.#noise.split();
    const peer = options.identify(keys.remoteStatic);
    return peer.ok ? accept({ session: { ...keys, peer: peer.value } }) : peer;
  }
}
