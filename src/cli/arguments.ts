/** Flags that are numbers: from text, or one line that says what was expected. */

import { InvalidArgumentError } from 'commander';

const reading =
  (pattern: RegExp, expected: string) =>
  (text: string): number => {
    if (!pattern.test(text)) throw new InvalidArgumentError(`expected ${expected}.`);
    return Number(text);
  };

export const wholeNumber = reading(/^\d{1,15}$/, 'a whole number from 0');
export const positive = reading(/^0*[1-9]\d{0,14}$/, 'a whole number from 1');
export const integer = reading(/^-?\d{1,9}$/, 'a whole number');
export const decimal = reading(/^\d{1,12}(\.\d{1,12})?$/, 'a number from 0');
