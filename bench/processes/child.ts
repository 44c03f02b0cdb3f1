/**
 * A process that the bench starts: its output goes to a file, an end that nobody asked for is a failure in
 * one line with the last thing it said, and it never outlives the bench (`guard.ts`).
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { guard } from './guarded.ts';

export interface ChildSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Gets its output. */
  readonly log: string;
}

/** What our processes send: an object that says what it is. */
interface Typed {
  readonly type: string;
}

const stopMsMax = 3000;
const lastWordsMax = 500;

export class Child {
  readonly name: string;
  readonly #log: string;
  readonly #process: ChildProcess;
  /** Rejects when it ends although nobody told it to; never resolves. */
  readonly failed: Promise<never>;
  #expected = false;
  readonly #ended: Promise<void>;
  readonly #messages: Typed[] = [];
  #wake: () => void = () => {};

  /** Starts it, with a channel for messages. */
  constructor({ name, command, args, log }: ChildSpec) {
    this.name = name;
    this.#log = log;
    const fd = openSync(log, 'a');
    this.#process = spawn(command, [...args], { stdio: ['ignore', fd, fd, 'ipc'] });
    closeSync(fd);
    if (this.#process.pid) guard.process(this.#process.pid, true);
    let fail: (error: Error) => void;
    this.failed = new Promise<never>((_, reject) => {
      fail = reject;
    });
    // It may fail while nobody waits; whoever waits next is told.
    this.failed.catch(() => undefined);
    this.#ended = new Promise((resolve) => {
      this.#process.once('error', (error) => {
        fail(new Error(`${name}: cannot be started: ${error.message}`));
        resolve();
      });
      this.#process.once('exit', (code, signal) => {
        if (this.#process.pid) guard.process(this.#process.pid, false);
        if (!this.#expected)
          fail(new Error(`${name} ended by itself (${signal ?? `exit code ${code}`}): ${this.#lastWords()}`));
        resolve();
      });
    });
    this.#process.on('message', (message) => {
      this.#messages.push(message as unknown as Typed);
      this.#wake();
    });
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  send(message: object): void {
    if (this.#process.connected) this.#process.send(message);
  }

  /** The next message of one of these types; one reader at a time. @throws when the process ends. */
  async next<T extends Typed>(...types: readonly T['type'][]): Promise<T> {
    for (;;) {
      const at = this.#messages.findIndex(({ type }) => types.includes(type));
      if (at >= 0) return this.#messages.splice(at, 1)[0] as T;
      const came = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      await Promise.race([came, this.failed]);
    }
  }

  /** Ends it. @param signal SIGKILL: no chance to write or say anything. */
  async end(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    this.#expected = true;
    this.#process.kill(signal);
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), stopMsMax);
    await this.#ended;
    clearTimeout(timer);
  }

  /** The log is gone when the bench has begun to clear up. */
  #lastWords(): string {
    if (!existsSync(this.#log)) return 'its log is gone';
    const lines = readFileSync(this.#log, 'utf8').trim().split('\n');
    return lines.at(-1)?.slice(0, lastWordsMax) || 'it said nothing';
  }
}
