/** The worker as the page sees it: one run at a time; a new one ends the one that is under way. */

import type { Trace } from '../sim/trace/trace.ts';
import type { RunRequest, RunSummary, WorkerMessage } from './protocol.ts';
import type { AttackCard, Choices } from './state/choices.ts';

export interface RunnerHooks {
  ready(attacks: readonly AttackCard[]): void;
  done(choices: Choices, trace: Trace, summary: RunSummary): void;
  failed(reason: string): void;
}

export class Runner {
  readonly #hooks: RunnerHooks;
  #worker: Worker;
  #number = 0;
  #running: Choices | undefined;
  #known = false;

  constructor(hooks: RunnerHooks) {
    this.#hooks = hooks;
    this.#worker = this.#start();
  }

  run(choices: Choices): void {
    if (this.#running) {
      this.#worker.terminate();
      this.#worker = this.#start();
    }
    this.#running = choices;
    this.#number += 1;
    const request: RunRequest = { number: this.#number, choices };
    this.#worker.postMessage(request);
  }

  #start(): Worker {
    const worker = new Worker(new URL('worker.js', document.baseURI));
    worker.onmessage = ({ data }: MessageEvent<WorkerMessage>) => this.#hear(data);
    worker.onerror = (event) =>
      this.#end(() => this.#hooks.failed(event.message || 'the worker did not start'));
    return worker;
  }

  #hear(message: WorkerMessage): void {
    if (message.type === 'ready') {
      if (!this.#known) this.#hooks.ready(message.attacks);
      this.#known = true;
      return;
    }
    const choices = this.#running;
    if (!choices || message.number !== this.#number) return;
    if (message.type === 'failed') this.#end(() => this.#hooks.failed(message.reason));
    else this.#end(() => this.#hooks.done(choices, message.trace, message.summary));
  }

  #end(then: () => void): void {
    this.#running = undefined;
    then();
  }
}
