import { z } from 'zod';
import type { ExportProtocol } from './record.ts';
import type { SetDecoder } from './set-decoder.ts';
import type { TemplateField } from './template.ts';

const number32 = z.number().int().min(0).max(0xffffffff);
const number16 = z.number().int().min(0).max(0xffff);
const rate = z
  .number()
  .min(0)
  .max(2 ** 53);

/** What decoders know of exporters, in a form that can be written down and read again after a restart. */
export const templateSnapshot = z.object({
  protocol: z.enum(['netflow-v9', 'ipfix']),
  /** One for each observation domain, the one used last at the end. */
  domains: z.array(
    z.object({
      exporter: z.string().max(64),
      domain: number32,
      systemInit: z.number().optional(),
      /** Rates: one packet in so many. */
      rate: rate.optional(),
      samplers: z.array(z.tuple([number32, rate])).optional(),
      interfaces: z.array(z.tuple([number32, rate])).optional(),
      names: z.array(z.tuple([number32, z.string().max(64)])).optional(),
      templates: z.array(
        z.object({
          id: number16,
          /** Fields of the scope, for templates of options. */
          scope: number16.optional(),
          /** Element, length, and the enterprise that the element is of. */
          fields: z.array(z.union([z.tuple([number16, number16]), z.tuple([number16, number16, number32])])),
        }),
      ),
    }),
  ),
});

export type TemplateSnapshot = z.infer<typeof templateSnapshot>;

/** Returns all that the sets' decoder knows. */
export function snapshotOf(protocol: 'netflow-v9' | 'ipfix', { table }: SetDecoder): TemplateSnapshot {
  const domains: TemplateSnapshot['domains'] = [];
  for (const exporter of table.all()) {
    for (const { id, systemInit, sampling, names, templates } of exporter.domains.values()) {
      const rates = sampling.entries();
      domains.push({
        exporter: exporter.address,
        domain: id,
        ...(systemInit > 0 && { systemInit }),
        ...(rates.domain > 0 && { rate: rates.domain }),
        ...(rates.samplers.length > 0 && { samplers: rates.samplers }),
        ...(rates.interfaces.length > 0 && { interfaces: rates.interfaces }),
        ...(names.size > 0 && { names: [...names] }),
        templates: [...templates.values()].map(({ layout }) => ({
          id: layout.id,
          ...(layout.isOptions && { scope: layout.scopeCount }),
          fields: layout.fields.map(({ element, length, enterprise }) =>
            enterprise === 0
              ? ([element, length] as [number, number])
              : ([element, length, enterprise] as [number, number, number]),
          ),
        })),
      });
    }
  }
  return { protocol, domains };
}

/** Puts a snapshot back. Returns how many templates were; a snapshot of another protocol has none. */
export function restoreTemplates(
  protocol: ExportProtocol,
  sets: SetDecoder,
  snapshot: TemplateSnapshot,
  now: number,
  fieldsOf: (definition: Uint8Array) => TemplateField[],
): number {
  if (snapshot.protocol !== protocol) return 0;
  let count = 0;
  for (const known of snapshot.domains) {
    const domain = sets.table.domain(sets.table.exporter(known.exporter, now), known.domain);
    const context = { domain, arrival: now, exportTime: now, uptime: -1, sink: () => {} };
    if (known.systemInit !== undefined) domain.systemInit = known.systemInit;
    if (known.rate !== undefined) domain.sampling.setDomain(known.rate);
    for (const [id, rate] of known.samplers ?? []) sets.rate(domain, 'sampler', id, rate);
    for (const [index, rate] of known.interfaces ?? []) sets.rate(domain, 'interface', index, rate);
    for (const [index, name] of known.names ?? []) sets.name(domain, index, name);
    for (const { id, scope, fields } of known.templates) {
      if (id < 256 || (scope ?? 0) > fields.length) continue;
      const definition = definitionOf(fields, protocol);
      sets.define(context, id, scope !== undefined, scope ?? 0, definition, fieldsOf);
      if (domain.templates.has(id)) count++;
    }
  }
  return count;
}

/** The bytes that define these fields in a template. */
function definitionOf(
  fields: TemplateSnapshot['domains'][number]['templates'][number]['fields'],
  protocol: ExportProtocol,
): Uint8Array {
  const bytes: number[] = [];
  for (const [element, length, enterprise = 0] of fields) {
    const isPrivate = enterprise !== 0 && protocol === 'ipfix';
    const number = isPrivate ? element | 0x8000 : element;
    bytes.push(number >> 8, number & 0xff, length >> 8, length & 0xff);
    if (isPrivate)
      bytes.push(enterprise >>> 24, (enterprise >>> 16) & 0xff, (enterprise >>> 8) & 0xff, enterprise & 0xff);
  }
  return Uint8Array.from(bytes);
}
