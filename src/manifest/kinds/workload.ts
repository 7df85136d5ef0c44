import { z } from 'zod';
import { selectorMismatch } from '../codes.ts';
import { breach, labels, optional, type RuleContext } from './fields.ts';
import { metadata, status, typeMeta } from './metadata.ts';
import { podTemplate } from './pod-spec.ts';
import { type LabelSelector, labelSelector } from './selector.ts';

/** An object of a kind that keeps pods running: its selector must match the labels of its template (apps/v1). */
export function workload<F extends z.ZodRawShape>(fields: F) {
  const spec = z
    .object({ ...fields, selector: labelSelector(), template: podTemplate() })
    .superRefine((value, context) => {
      const { selector, template } = value as { selector: LabelSelector; template: Template };
      checkLabels(context, ['selector', 'matchLabels'], selector.matchLabels, template);
    });
  return z.object({ ...typeMeta(), metadata: metadata(), spec, status: status() });
}

/** As {@link workload}, for ReplicationController, whose selector is a plain map that may be left out. */
export function mapSelectorWorkload<F extends z.ZodRawShape>(fields: F) {
  const spec = z
    .object({ ...fields, selector: optional(labels()), template: podTemplate() })
    .superRefine((value, context) => {
      const { selector, template } = value as { selector?: Record<string, string>; template: Template };
      checkLabels(context, ['selector'], selector, template);
    });
  return z.object({ ...typeMeta(), metadata: metadata(), spec, status: status() });
}

type Template = z.infer<ReturnType<typeof podTemplate>>;

function checkLabels(
  context: RuleContext,
  path: string[],
  wanted: Readonly<Record<string, string>> | null | undefined,
  template: Template,
): void {
  for (const [key, value] of Object.entries(wanted ?? {})) {
    const found = template.metadata?.labels?.[key];
    if (found === value) continue;
    const help = `give \`template.metadata.labels\` the label \`${key}: ${value}\``;
    const state = found === undefined ? 'does not have it' : `has \`${key}: ${found}\``;
    const message = `the selector wants \`${key}: ${value}\`, the pod template ${state}`;
    breach(context, { code: selectorMismatch, help, tolerated: true }, [...path, key], message);
  }
}
