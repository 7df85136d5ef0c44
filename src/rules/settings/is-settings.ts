import { type EmbeddedText, embeddedDocuments } from '../../manifest/embedded.ts';
import { falcoYaml } from './schema.ts';

const names: ReadonlySet<string> = new Set(falcoYaml.kind === 'map' ? falcoYaml.keys.keys() : []);

/** Whether a file is a `falco.yaml` and not one of rules: a mapping that has a setting at its top, where rules are a list. */
export function isSettings(file: EmbeddedText): boolean {
  const first = /^(?!\s*(?:#|%|---|$)).+/m.exec(file.text)?.[0];
  if (first === undefined || first.trimStart().startsWith('-')) return false;
  const value = embeddedDocuments(file)[0]?.value;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.keys(value).some((key) => names.has(key));
}
