import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type TemplateSnapshot, templateSnapshot } from '../../flow/export/template-snapshot.ts';

const content = z.object({ version: z.literal(1), snapshots: z.array(templateSnapshot) });
const name = 'export-templates.json';

/** Returns what was known of templates when it was written; nothing where there is no file. Throws an Error where it cannot be read. */
export function readTemplates(folder: string): readonly TemplateSnapshot[] {
  let text: string;
  try {
    text = readFileSync(join(folder, name), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return content.parse(JSON.parse(text)).snapshots;
}

/** Writes it, in place of what was there before, whole or not at all. */
export function writeTemplates(folder: string, snapshots: readonly TemplateSnapshot[]): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, name);
  writeFileSync(`${file}.new`, JSON.stringify({ version: 1, snapshots }), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** Puts together what several threads know: each domain of each exporter once, as the last of them has it. */
export function mergeTemplates(snapshots: readonly TemplateSnapshot[]): readonly TemplateSnapshot[] {
  return (['netflow-v9', 'ipfix'] as const).map((protocol) => {
    const domains = new Map<string, TemplateSnapshot['domains'][number]>();
    for (const snapshot of snapshots) {
      if (snapshot.protocol !== protocol) continue;
      for (const domain of snapshot.domains) {
        const key = `${domain.domain} ${domain.exporter}`;
        const other = domains.get(key);
        const known = new Map(other?.templates.map((template) => [template.id, template]));
        for (const template of domain.templates) known.set(template.id, template);
        domains.set(key, { ...other, ...domain, templates: [...known.values()] });
      }
    }
    return { protocol, domains: [...domains.values()] };
  });
}
