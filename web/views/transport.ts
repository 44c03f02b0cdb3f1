/** The bar at the bottom: play, step, speed, and the slider of time. */

import { type Player, speeds } from '../state/player.ts';
import { byId, show } from './dom.ts';
import { markup } from './markup.ts';
import { timeText } from './shown.ts';

const playIcon = markup`<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M7 4.5v15l13-7.5z"/></svg>`;
const pauseIcon = markup`<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M6 4.5h4.5v15H6zM13.5 4.5H18v15h-4.5z"/></svg>`;

export function showTransport(player: Player): void {
  const play = byId('play');
  show(play, player.playing ? pauseIcon : playIcon);
  play.setAttribute('aria-label', player.playing ? 'Pause' : 'Play');
  const scrub = byId<HTMLInputElement>('scrub');
  scrub.value = String(Math.round(player.share * 1000));
  scrub.setAttribute('aria-valuetext', timeText(player.ms));
  byId('time').textContent = timeText(player.ms);
  const speed = byId<HTMLSelectElement>('speed');
  show(speed, markup`${speeds.map((one) => markup`<option value="${one}">${one}×</option>`)}`);
  speed.value = String(player.speed);
}
