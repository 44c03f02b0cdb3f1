/**
 * Just enough of a reader of TypeScript for the house rules: which characters are code, which are
 * comments, strings and regular expressions; what a file imports; where its functions begin and end.
 * The compiler has no interface for this any more, and a rule must not depend on a parser that moves.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

export interface SourceFile {
  /** From the root of the checkout, with `/`. */
  readonly path: string;
  readonly text: string;
}

/** Files under the folders whose names end in one of the endings, sorted by path. Missing folders are empty. */
export function filesUnder(folders: readonly string[], endings: readonly string[]): SourceFile[] {
  return folders
    .flatMap((folder) => pathsUnder(folder))
    .filter((path) => endings.some((ending) => path.endsWith(ending)))
    .sort()
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

function pathsUnder(folder: string): string[] {
  const entries = readdirSync(root, { withFileTypes: true }).some(
    (entry) => entry.name === folder.split('/')[0],
  )
    ? readdirSync(join(root, folder), { withFileTypes: true })
    : [];
  return entries.flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.name === 'node_modules' || entry.name === 'dist') return [];
    return entry.isDirectory() ? pathsUnder(path) : [path];
  });
}

export const lineOf = (text: string, offset: number): number => text.slice(0, offset).split('\n').length;

const beforeRegex = /(?:^|[(,=:[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|in|of|do|else|void|delete))\s*$/;

/** End of a quoted string or regular expression that opens at `start`; one past its closing character. */
function closing(text: string, start: number, quote: string): number {
  let inClass = false;
  for (let i = start + 1; i < text.length; i++) {
    const character = text[i]!;
    if (character === '\\') i += 1;
    else if (character === '\n') return i;
    else if (quote === '/' && character === '[') inClass = true;
    else if (quote === '/' && character === ']') inClass = false;
    else if (character === quote && !inClass) return i + 1;
  }
  return text.length;
}

/**
 * The text with comments, and what stands between quotes, replaced by spaces. Line breaks and offsets
 * stay. Code inside `${}` of a template stays code.
 */
export function codeOf(text: string): string {
  const out = text.split('');
  const blank = (from: number, to: number): void => {
    for (let i = from; i < to; i++) if (out[i] !== '\n') out[i] = ' ';
  };
  // Depth of braces at which each enclosing template's `${` opened.
  const templates: number[] = [];
  let depth = 0;
  /** Blanks a template's text from `i`; returns the offset after its end or after `${`. */
  const template = (from: number): number => {
    for (let i = from; i < text.length; i++) {
      if (text[i] === '\\') i += 1;
      else if (text[i] === '`') {
        blank(from, i);
        return i + 1;
      } else if (text[i] === '$' && text[i + 1] === '{') {
        blank(from, i + 2);
        templates.push(depth);
        return i + 2;
      }
    }
    blank(from, text.length);
    return text.length;
  };
  let i = 0;
  while (i < text.length) {
    const character = text[i]!;
    const pair = text.slice(i, i + 2);
    let end = i + 1;
    if (pair === '//') {
      end = text.indexOf('\n', i) < 0 ? text.length : text.indexOf('\n', i);
      blank(i, end);
    } else if (pair === '/*') {
      end = text.indexOf('*/', i) < 0 ? text.length : text.indexOf('*/', i) + 2;
      blank(i, end);
    } else if (character === "'" || character === '"') {
      end = closing(text, i, character);
      blank(i + 1, end - 1);
    } else if (character === '/' && beforeRegex.test(out.slice(Math.max(0, i - 40), i).join(''))) {
      end = closing(text, i, '/');
      blank(i + 1, end - 1);
    } else if (character === '`') end = template(i + 1);
    else if (character === '{') depth += 1;
    else if (character === '}' && templates[templates.length - 1] === depth) {
      templates.pop();
      blank(i, i + 1);
      end = template(i + 1);
    } else if (character === '}') depth -= 1;
    i = end;
  }
  return out.join('');
}

export interface Import {
  readonly specifier: string;
  readonly line: number;
}

/** What a file imports or re-exports, dynamic imports and imported types included. */
export function importsOf(text: string): Import[] {
  const code = codeOf(text);
  const pattern = /\b(?:from|import)\s*\(?\s*(['"])/g;
  return [...code.matchAll(pattern)].map((match) => {
    const start = match.index + match[0].length;
    return { specifier: text.slice(start, text.indexOf(match[1]!, start)), line: lineOf(text, match.index) };
  });
}

export interface FunctionSpan {
  /** Start of its header, for a person. */
  readonly name: string;
  readonly firstLine: number;
  readonly lines: number;
}

const control = /^(?:if|for|while|switch|catch|with|class|interface|enum|namespace|return|else|do|try)\b/;
const declaration = /^(?:export\s+|default\s+|async\s+)*function\b/;
const method =
  /^(?:(?:static|async|get|set|override|public|private|protected)\s+)*\*?\s*[\w#$[\]'" .]+\s*(?:<.*>)?\(.*\)\s*(?::.*)?$/s;

/** Offset after the last comma that is not inside brackets: members of an object share one header. */
function lastMember(header: string): number {
  let depth = 0;
  for (let i = header.length - 1; i >= 0; i--) {
    if (/[)\]}]/.test(header[i]!)) depth += 1;
    else if (/[([{]/.test(header[i]!)) depth -= 1;
    else if (header[i] === ',' && depth <= 0) return i + 1;
  }
  return 0;
}

/** Where in the text before a brace a function begins whose body the brace opens, or undefined. */
function functionStart(header: string): number | undefined {
  const isMethod = (text: string): boolean => !control.test(text) && method.test(text);
  if (declaration.test(header.trim())) return 0;
  const tail = lastMember(header);
  const member = header.slice(tail).trim();
  if (member.endsWith('=>') || /\bfunction\b.*\)/s.test(member) || isMethod(member)) return tail;
  return isMethod(header.trim()) ? 0 : undefined;
}

/** Braces of types and object literals: what follows them still belongs to the same header. */
const insideExpression = (header: string): boolean =>
  !header.endsWith('=>') && /(?:[:|&<,(=?[]|\b(?:return|satisfies|as|extends|readonly))$/.test(header);

interface OpenBrace {
  readonly headerStart: number;
  /** Where its function begins, undefined when it opens no function. */
  readonly start: number | undefined;
  readonly transparent: boolean;
  readonly brackets: number;
}

/** The functions with a body in braces: declarations, methods, arrows; nested ones too. */
export function functionsOf(text: string): FunctionSpan[] {
  const code = codeOf(text);
  const spans: FunctionSpan[] = [];
  const open: OpenBrace[] = [];
  let headerStart = 0;
  let brackets = 0;
  for (let i = 0; i < code.length; i++) {
    const character = code[i]!;
    if (character === '(' || character === '[') brackets += 1;
    else if (character === ')' || character === ']') brackets -= 1;
    else if (character === ';' && brackets === (open[open.length - 1]?.brackets ?? 0)) headerStart = i + 1;
    else if (character === '{') {
      const header = code.slice(headerStart, i);
      const transparent = insideExpression(header.trim());
      const offset = transparent ? undefined : functionStart(header);
      const start = offset === undefined ? undefined : headerStart + offset;
      open.push({ headerStart, start, transparent, brackets });
      headerStart = i + 1;
    } else if (character === '}') {
      const opened = open.pop();
      if (!opened) continue;
      brackets = opened.brackets;
      // A brace inside brackets never ends the header around it: more parameters or arguments follow.
      const enclosed = brackets > (open[open.length - 1]?.brackets ?? 0);
      headerStart = opened.transparent || enclosed ? opened.headerStart : i + 1;
      if (opened.start !== undefined) spans.push(spanOf(text, code, opened.start, i));
    }
  }
  return spans;
}

function spanOf(text: string, code: string, from: number, to: number): FunctionSpan {
  const start = from + code.slice(from, to).search(/\S/);
  const firstLine = lineOf(text, start);
  const name = text
    .slice(start, start + 60)
    .split('\n')[0]!
    .trim();
  return { name, firstLine, lines: lineOf(text, to) - firstLine + 1 };
}
