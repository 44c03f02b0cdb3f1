/** How far a sweep is, as a bar on a terminal or as a line now and then elsewhere. */

import { SingleBar } from 'cli-progress';
import type { SweepProgress } from './run.ts';

/** `95 s`, `12 min`, `3.5 h`: as precise as an estimate is. */
export function duration(ms: number | undefined): string {
  if (ms === undefined) return 'unknown';
  const seconds = Math.round(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

export interface SweepProgressBar {
  readonly progress: (progress: SweepProgress) => void;
  readonly stop: () => void;
}

/** Every so many percent there is a line when nobody watches a terminal. */
const stepPercent = 10;

/** @param stream where to draw, usually stderr: results go to stdout. */
export function sweepProgressBar(stream: NodeJS.WriteStream): SweepProgressBar {
  return stream.isTTY ? bar(stream) : lines(stream);
}

const undecided = ({ unknown }: SweepProgress): string => (unknown > 0 ? `, ${unknown} unknown` : '');

function bar(stream: NodeJS.WriteStream): SweepProgressBar {
  const single = new SingleBar({
    stream,
    format: '{bar} {percentage}%  {value}/{total} trials{unknown}  left: {left}',
    barCompleteChar: '━',
    barIncompleteChar: '╌',
    barsize: 28,
    hideCursor: true,
    clearOnComplete: true,
  });
  let started = false;
  return {
    progress: (one) => {
      const shown = { left: duration(one.leftMs), unknown: undecided(one) };
      if (!started) single.start(one.total, one.done, shown);
      else single.update(one.done, shown);
      started = true;
    },
    stop: () => single.stop(),
  };
}

function lines(stream: NodeJS.WriteStream): SweepProgressBar {
  let said = -1;
  return {
    progress: (one) => {
      const percent = one.total === 0 ? 100 : Math.floor((100 * one.done) / one.total);
      if (percent < 100 && said >= 0 && percent < said + stepPercent) return;
      if (percent === said) return;
      said = percent;
      stream.write(
        `${percent}%  ${one.done}/${one.total} trials${undecided(one)}  left: ${duration(one.leftMs)}\n`,
      );
    },
    stop: () => undefined,
  };
}
