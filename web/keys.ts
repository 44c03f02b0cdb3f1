/** What keys do anywhere on the page, except where a field or a button needs them itself. */

export interface Commands {
  toggle(): void;
  step(direction: 1 | -1): void;
  home(): void;
  end(): void;
  accelerate(direction: 1 | -1): void;
}

const typesText = (target: EventTarget | null): boolean =>
  target instanceof HTMLSelectElement ||
  (target instanceof HTMLInputElement && target.type !== 'range') ||
  target instanceof HTMLTextAreaElement;

/** Space presses what has the focus, if that can be pressed. */
const isPressed = (target: EventTarget | null): boolean =>
  target instanceof Element && target.closest('button, summary, a') !== null;

export function listenToKeys(commands: Commands): void {
  const actions: Readonly<Record<string, () => void>> = {
    ArrowRight: () => commands.step(1),
    ArrowLeft: () => commands.step(-1),
    Home: () => commands.home(),
    End: () => commands.end(),
    '+': () => commands.accelerate(1),
    '=': () => commands.accelerate(1),
    '-': () => commands.accelerate(-1),
    ' ': () => commands.toggle(),
  };
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typesText(event.target)) return;
    if (event.key === ' ' && isPressed(event.target)) return;
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
}
