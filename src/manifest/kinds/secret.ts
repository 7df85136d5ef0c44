import { z } from 'zod';
import { dataTooLarge, missingSecretKey, repeatedDataKey } from '../codes.ts';
import { bytesOf, encodedBytes, MAX_DATA_BYTES, texts } from './data.ts';
import { type KindDefinition, once } from './definition.ts';
import { breach, flag, text } from './fields.ts';
import { metadata, typeMeta } from './metadata.ts';

/** Keys that the API server asks of the built-in types (core/v1 SecretType). */
const REQUIRED_KEYS: ReadonlyMap<string, readonly string[]> = new Map([
  ['kubernetes.io/tls', ['tls.crt', 'tls.key']],
  ['kubernetes.io/dockerconfigjson', ['.dockerconfigjson']],
  ['kubernetes.io/dockercfg', ['.dockercfg']],
  ['kubernetes.io/ssh-auth', ['ssh-privatekey']],
]);

/** Secret (core/v1). */
const schema = once(() =>
  z
    .object({
      ...typeMeta(),
      metadata: metadata(),
      type: text(),
      immutable: flag(),
      data: encodedBytes(),
      stringData: texts(),
    })
    .superRefine(({ type, data, stringData }, context) => {
      for (const key of Object.keys(data ?? {})) {
        if (stringData && Object.hasOwn(stringData, key)) {
          const rule = {
            code: repeatedDataKey,
            onKey: true,
            tolerated: true,
            help: 'keep the one in `stringData`: it wins',
          };
          breach(context, rule, ['data', key], 'the key is in `stringData` as well, which wins');
        }
      }
      for (const key of REQUIRED_KEYS.get(type ?? '') ?? []) {
        if (has(data, key) || has(stringData, key)) continue;
        const rule = { code: missingSecretKey, help: `add \`${key}\`, or use another type`, tolerated: true };
        breach(context, rule, ['type'], `a Secret of type \`${type}\` needs the key \`${key}\``);
      }
      const bytes = bytesOf([stringData], [data]);
      if (bytes > MAX_DATA_BYTES) {
        const message = `the values have ${bytes} bytes, the limit is ${MAX_DATA_BYTES}`;
        breach(context, { code: dataTooLarge, onKey: true, tolerated: true }, ['data'], message);
      }
    }),
);

function has(values: Record<string, unknown> | null | undefined, key: string): boolean {
  return Boolean(values && Object.hasOwn(values, key));
}

export type Secret = z.infer<ReturnType<typeof schema>>;

export const secretKind: KindDefinition<Secret> = {
  kind: 'Secret',
  apiVersions: ['v1'],
  namespaced: true,
  schema,
};
