import { nodeAt, type SettingNode } from './node.ts';

/** Returns a scalar as text; undefined for what is none or empty of value. */
export function textOf(node: SettingNode | undefined): string | undefined {
  return node?.kind === 'scalar' && node.value !== null ? String(node.value) : undefined;
}

/** Returns a truth value; texts count too, since variables and the command line give texts. */
export function booleanOf(node: SettingNode | undefined): boolean | undefined {
  const text = textOf(node)?.toLowerCase();
  if (text === undefined) return undefined;
  if (/^(?:true|yes|on|y)$/.test(text)) return true;
  return /^(?:false|no|off|n)$/.test(text) ? false : undefined;
}

/** Returns a finite number. */
export function numberOf(node: SettingNode | undefined): number | undefined {
  const text = textOf(node);
  if (text === undefined || !/^[-+]?\d{1,15}(?:\.\d{0,15})?(?:e-?\d{1,2})?$/.test(text)) return undefined;
  return Number(text);
}

/** Returns the texts of a list, or a single one that stands in its place. */
export function textsOf(node: SettingNode | undefined): string[] {
  if (node?.kind === 'list') return node.items.flatMap((item) => textOf(item) ?? []);
  const text = textOf(node);
  return text === undefined ? [] : [text];
}

/** Reads settings below one mapping, each with what counts when it is absent or faulty. */
export class Section {
  readonly node: SettingNode | undefined;

  constructor(node: SettingNode | undefined) {
    this.node = node;
  }

  at(key: string): SettingNode | undefined {
    return nodeAt(this.node, key);
  }

  section(key: string): Section {
    return new Section(this.at(key));
  }

  flag(key: string, fallback: boolean): boolean {
    return booleanOf(this.at(key)) ?? fallback;
  }

  number(key: string, fallback: number): number {
    return numberOf(this.at(key)) ?? fallback;
  }

  text(key: string): string | undefined {
    return textOf(this.at(key)) || undefined;
  }
}
