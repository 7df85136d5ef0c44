import { z } from 'zod';
import { invalidName, selectorExpression } from '../codes.ts';
import { breach, checkKey, labels, listOf, optional } from './fields.ts';
import { labelValueProblem } from './syntax.ts';

const OPERATORS = ['In', 'NotIn', 'Exists', 'DoesNotExist'] as const;

const requirement = () =>
  z
    .object({ key: z.string(), operator: z.enum(OPERATORS), values: listOf(z.string()) })
    .superRefine(({ key, operator, values }, context) => {
      checkKey(context, key, ['key'], false);
      const count = values?.length ?? 0;
      const needsValues = operator === 'In' || operator === 'NotIn';
      if (needsValues && count === 0) {
        const help = 'give at least one value, or use `Exists` or `DoesNotExist`';
        breach(context, { code: selectorExpression, help }, ['values'], `\`${operator}\` needs \`values\``);
      } else if (!needsValues && count > 0) {
        const help = 'leave `values` out, or use `In` or `NotIn`';
        const message = `\`${operator}\` must have no \`values\``;
        breach(context, { code: selectorExpression, help }, ['values'], message);
      }
      for (const [index, value] of (values ?? []).entries()) {
        const problem = labelValueProblem(value);
        const message = `the label value \`${value}\` ${problem}`;
        if (problem) breach(context, { code: invalidName, tolerated: true }, ['values', index], message);
      }
    });

/** LabelSelector (meta/v1): all of `matchLabels` and all of `matchExpressions` must hold; an empty one matches all. */
export const labelSelector = () =>
  z.object({ matchLabels: optional(labels()), matchExpressions: listOf(requirement()) });

export type LabelSelector = z.infer<ReturnType<typeof labelSelector>>;
