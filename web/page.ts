/**
 * The page: asks the worker for runs, keeps the moment that is shown, and lets the views draw it. All that
 * it knows of a run is the trace.
 */

import type { Trace } from '../sim/trace/trace.ts';
import { listenToKeys } from './keys.ts';
import type { RunSummary } from './protocol.ts';
import { Runner } from './runner.ts';
import { type AttackCard, type Choices, defaultChoices, problemsOf } from './state/choices.ts';
import { disagreements } from './state/disagreement.ts';
import { Pace } from './state/pace.ts';
import { Player } from './state/player.ts';
import { type CaptionTime, captionTimes, findStory, stories } from './state/stories.ts';
import { Timeline } from './state/timeline.ts';
import { experimentOf, readHash, writeHash } from './state/url.ts';
import { showArrivals } from './views/arrivals.ts';
import { showChain } from './views/chain.ts';
import { showDelivered, showDisagreement } from './views/delivered.ts';
import { byId, show } from './views/dom.ts';
import { showEvidence } from './views/evidence.ts';
import { fillForm, readForm, writeForm } from './views/form.ts';
import { markup } from './views/markup.ts';
import type { Shown } from './views/shown.ts';
import { showFacts, showNarration, showNow, showStories, showVerdict } from './views/story.ts';
import { showTransport } from './views/transport.ts';
import { showBatchFacts, showTree } from './views/tree.ts';

interface Run {
  readonly choices: Choices;
  readonly trace: Trace;
  readonly summary: RunSummary;
  readonly timeline: Timeline;
  readonly pace: Pace;
  readonly player: Player;
  readonly captions: readonly CaptionTime[];
}

/** What to do with a run once it is there. */
interface Opening {
  readonly at: number;
  readonly play: boolean;
}

const stillness = matchMedia('(prefers-reduced-motion: reduce)');

/** Below this width the tree stands below the fold, so that a story starts with a scroll to it. */
const narrowPx = 900;

class Page {
  readonly #runner: Runner;
  #attacks: readonly AttackCard[] = [];
  #run: Run | undefined;
  #opening: Opening = { at: 0, play: false };
  /** Short name of the batch in the tree; empty for the first. */
  #batch = '';
  #speed = 1;
  #written = '';
  #lastFrame = 0;

  constructor() {
    this.#runner = new Runner({
      ready: (attacks) => this.#ready(attacks),
      done: (choices, trace, summary) => this.#done(choices, trace, summary),
      failed: (reason) => this.#failed(reason),
    });
    this.#listen();
    requestAnimationFrame((now) => this.#frame(now));
  }

  #ready(attacks: readonly AttackCard[]): void {
    this.#attacks = attacks;
    fillForm(attacks);
    this.#restore();
    addEventListener('hashchange', () => {
      if (location.hash !== this.#written) this.#restore();
    });
  }

  /** To the state in the address; without one, to the first story. */
  #restore(): void {
    const bare = location.hash.length <= 1;
    const state = readHash(bare ? `#story=${stories[0]!.name}` : location.hash, this.#attacks);
    this.#complain(state.problems);
    this.#batch = state.batch;
    this.#start(state.choices, { at: state.at, play: bare && !stillness.matches });
  }

  #start(choices: Choices, opening: Opening): void {
    this.#opening = opening;
    showStories(choices.story);
    writeForm(choices, this.#attacks);
    this.#busy(true);
    this.#runner.run(choices);
  }

  #done(choices: Choices, trace: Trace, summary: RunSummary): void {
    this.#busy(false);
    const timeline = new Timeline(trace);
    const pace = new Pace(trace);
    const player = new Player(timeline, pace, !stillness.matches);
    player.speed = this.#speed;
    player.seek(this.#opening.at);
    player.playing = this.#opening.play;
    const story = findStory(choices.story);
    const captions = story ? captionTimes(story, timeline) : this.#aboutAttack(choices);
    this.#run = { choices, trace, summary, timeline, pace, player, captions };
    showFacts(this.#shown()!, choices.seed);
    this.#changed();
  }

  /** What an attack says of itself stands for the captions of a story. */
  #aboutAttack(choices: Choices): readonly CaptionTime[] {
    const attack = this.#attacks.find((one) => one.name === choices.attack);
    return attack ? [{ events: 0, text: `${attack.about}. It succeeds when ${attack.goal}.` }] : [];
  }

  #failed(reason: string): void {
    this.#busy(false);
    this.#complain([reason]);
  }

  #busy(busy: boolean): void {
    byId('page').setAttribute('aria-busy', String(busy));
    byId('busy').textContent = busy ? 'Running the simulation …' : '';
  }

  #complain(problems: readonly string[]): void {
    byId('problems').hidden = problems.length === 0;
    show(byId('problems-list'), markup`${problems.map((text) => markup`<li>${text}</li>`)}`);
  }

  #frame(now: number): void {
    const seconds = Math.min(0.1, (now - this.#lastFrame) / 1000);
    this.#lastFrame = now;
    if (this.#run?.player.pass(seconds)) {
      this.#draw();
      if (!this.#run.player.playing) this.#write();
    }
    requestAnimationFrame((next) => this.#frame(next));
  }

  #shown(): Shown | undefined {
    if (!this.#run) return undefined;
    const { trace, timeline, pace, player } = this.#run;
    const picture = timeline.at(timeline.countAt(player.ms));
    const batches = [...picture.batches.values()];
    const batch = batches.find((one) => one.name === this.#batch) ?? batches[0];
    return {
      trace,
      timeline,
      pace,
      picture,
      ms: player.ms,
      batch,
      disagreements: disagreements(picture, trace),
      moving: !stillness.matches,
    };
  }

  #draw(): void {
    const shown = this.#shown();
    if (!shown || !this.#run) return;
    const { player, summary, captions } = this.#run;
    showTransport(player);
    showNarration(shown, captions);
    showNow(shown, player.playing);
    showDisagreement(shown);
    showBatchFacts(shown);
    showTree(shown);
    showArrivals(shown);
    showDelivered(shown);
    showChain(shown);
    showEvidence(shown);
    showVerdict(summary, player.atEnd);
  }

  /** Something other than the passing of time changed what is shown. */
  #changed(): void {
    this.#draw();
    this.#write();
  }

  #experiment: string | undefined;

  #write(): void {
    if (!this.#run) return;
    const { choices, player } = this.#run;
    this.#written = writeHash({ choices, at: player.playing ? 0 : player.ms, batch: this.#batch });
    // Back leads to the experiment before, not through its moments.
    const experiment = experimentOf(choices);
    const another = this.#experiment !== undefined && this.#experiment !== experiment;
    this.#experiment = experiment;
    if (another && this.#written !== location.hash) history.pushState(null, '', this.#written);
    else history.replaceState(null, '', this.#written);
  }

  #command(act: (player: Player) => void): void {
    if (!this.#run) return;
    act(this.#run.player);
    this.#speed = this.#run.player.speed;
    this.#changed();
  }

  #listen(): void {
    listenToKeys({
      toggle: () => this.#command((player) => player.toggle()),
      step: (direction) => this.#command((player) => player.step(direction)),
      home: () => this.#command((player) => player.seek(0)),
      end: () => this.#command((player) => player.seek(Number.MAX_VALUE)),
      accelerate: (direction) => this.#command((player) => player.accelerate(direction)),
    });
    const onClick = (id: string, act: () => void): void => byId(id).addEventListener('click', act);
    onClick('play', () => this.#command((player) => player.toggle()));
    onClick('back', () => this.#command((player) => player.step(-1)));
    onClick('forward', () => this.#command((player) => player.step(1)));
    onClick('start', () => this.#command((player) => player.seek(0)));
    onClick('copy', () => void this.#copyLink());
    onClick('new-seed', () => this.#newSeed());
    byId<HTMLInputElement>('scrub').addEventListener('input', ({ target }) =>
      this.#command((player) => player.seekShare(Number((target as HTMLInputElement).value) / 1000)),
    );
    byId<HTMLSelectElement>('speed').addEventListener('change', ({ target }) =>
      this.#command((player) => {
        player.speed = Number((target as HTMLSelectElement).value);
      }),
    );
    byId('page').addEventListener('click', ({ target }) => this.#clicked(target as Element));
    byId('form').addEventListener('submit', (event) => {
      event.preventDefault();
      this.#runForm();
    });
    byId('choice-attack').addEventListener('change', () => this.#attackChosen());
    new ResizeObserver(() => this.#draw()).observe(byId('page'));
    stillness.addEventListener('change', () => this.#draw());
  }

  /** What the views draw says in its data what a click on it does. */
  #clicked(target: Element): void {
    const { story, batch, seek } = target.closest<HTMLElement>('button')?.dataset ?? {};
    const found = story === undefined ? undefined : findStory(story);
    if (found) {
      this.#complain([]);
      this.#batch = '';
      this.#start(found.choices, { at: 0, play: true });
      byId('play').focus();
      if (innerWidth < narrowPx) byId('title').scrollIntoView();
    }
    if (batch !== undefined) {
      this.#batch = batch;
      this.#changed();
    }
    if (seek !== undefined) this.#command((player) => player.seek(Number(seek)));
  }

  #runForm(): void {
    const problems: string[] = [];
    const choices = readForm(this.#attacks, problems);
    const all = problems.length > 0 ? problems : problemsOf(choices, this.#attacks);
    this.#complain(all);
    if (all.length > 0) return;
    this.#batch = '';
    this.#start(choices, { at: 0, play: true });
  }

  /** An attack brings its own rules, parameters, and at least one liar. */
  #attackChosen(): void {
    const choices = readForm(this.#attacks, []);
    const attack = this.#attacks.find((one) => one.name === choices.attack);
    const rule = attack && !attack.rules.includes(choices.rule) ? attack.rules[0]! : choices.rule;
    writeForm(
      {
        ...choices,
        rule: attack ? rule : defaultChoices.rule,
        liars: attack ? Math.max(choices.liars, choices.byzantine, 1) : 0,
        threshold: attack ? choices.threshold : 0,
        parameters: {},
      },
      this.#attacks,
    );
  }

  /** The same choices with other arrivals. */
  #newSeed(): void {
    const seed = byId<HTMLInputElement>('choice-seed');
    seed.value = String((Number(/^\d+$/.exec(seed.value)?.[0] ?? 0) + 1) % 1_000_000);
    this.#runForm();
  }

  async #copyLink(): Promise<void> {
    this.#command((player) => player.seek(player.ms));
    const said = byId('copied');
    try {
      await navigator.clipboard.writeText(location.href);
      said.textContent = 'Link copied.';
    } catch {
      said.textContent = 'Copy it from the address bar.';
    }
    setTimeout(() => {
      said.textContent = '';
    }, 3000);
  }
}

try {
  new Page();
} catch (error) {
  // Browsers start no worker for a page that comes straight from a file.
  byId('problems').hidden = false;
  byId('problems-list').textContent =
    `Open it from a web server, as \`npm run lab\` does: ${(error as Error).message}`;
}
