/** The form of one's own experiment: puts choices into its fields and reads them back. */

import { ruleNames } from '../../sim/rules/rule.ts';
import { type AttackCard, type Choices, numberFields, parseParameter } from '../state/choices.ts';
import { byId, show } from './dom.ts';
import { type Markup, markup } from './markup.ts';
import { ruleTexts } from './story.ts';

const field = (name: string): HTMLInputElement | HTMLSelectElement => byId(`choice-${name}`);

/** Offers what can be chosen. */
export function fillForm(attacks: readonly AttackCard[]): void {
  for (const { name, low, high } of numberFields) {
    const input = field(name) as HTMLInputElement;
    input.min = String(low);
    input.max = String(high);
  }
  show(
    field('attack'),
    markup`<option value="">none</option>${attacks.map(({ name }) => markup`<option value="${name}">${name}</option>`)}`,
  );
}

export function writeForm(choices: Choices, attacks: readonly AttackCard[]): void {
  const attack = attacks.find((one) => one.name === choices.attack);
  const rules = attack?.rules ?? ['engine'];
  show(
    field('rule'),
    markup`${ruleNames
      .filter((rule) => rules.includes(rule))
      .map((rule) => markup`<option value="${rule}">${ruleTexts[rule]}</option>`)}`,
  );
  for (const { name } of numberFields) field(name).value = String(choices[name]);
  field('network').value = choices.network;
  field('attack').value = choices.attack;
  field('rule').value = choices.rule;
  field('seed').value = choices.seed;
  showAttack(attack, choices);
}

function showAttack(attack: AttackCard | undefined, choices: Choices): void {
  for (const name of ['liars', 'threshold'] as const) field(name).disabled = !attack;
  for (const name of ['transactions', 'conflict', 'keys'] as const)
    field(name).disabled = attack !== undefined;
  show(
    byId('attack-about'),
    attack ? markup`<b>${attack.name}</b>: ${attack.about} <i>Succeeds when:</i> ${attack.goal}` : markup``,
  );
  show(byId('parameters'), markup`${attack?.parameters.map((one) => parameter(one, choices)) ?? []}`);
}

function parameter({ name, initial, about }: AttackCard['parameters'][number], choices: Choices): Markup {
  const value = choices.parameters[name] ?? initial;
  const id = `parameter-${name}`;
  const input =
    typeof initial === 'boolean'
      ? markup`<select id="${id}" data-parameter="${name}"><option value="true">yes</option><option value="false"
          ${!value && 'selected'}>no</option></select>`
      : markup`<input id="${id}" data-parameter="${name}" value="${String(value)}" autocomplete="off"/>`;
  return markup`<div class="field"><label for="${id}">${name}</label>${input}<small>${about}</small></div>`;
}

/** What the fields say; values that are none are said to be so. */
export function readForm(attacks: readonly AttackCard[], problems: string[]): Choices {
  const choices: Record<string, unknown> = { story: '' };
  for (const { name } of numberFields) {
    const { value } = field(name);
    if (!/^\d{1,4}$/.test(value)) problems.push(`${name}: must be a whole number, not "${value}"`);
    choices[name] = Number(value);
  }
  for (const name of ['network', 'attack', 'rule', 'seed'] as const) choices[name] = field(name).value;
  const attack = attacks.find((one) => one.name === choices.attack);
  const parameters: Record<string, unknown> = {};
  for (const input of document.querySelectorAll<HTMLInputElement>('[data-parameter]')) {
    const name = input.dataset.parameter!;
    const known = attack?.parameters.find((one) => one.name === name);
    if (!known) continue;
    const value = parseParameter(input.value, known.initial);
    if (value === undefined)
      problems.push(`${name}: must be a ${typeof known.initial}, not "${input.value}"`);
    else if (value !== known.initial) parameters[name] = value;
  }
  return { ...choices, parameters } as unknown as Choices;
}
