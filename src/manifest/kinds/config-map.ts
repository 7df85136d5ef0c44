import { z } from 'zod';
import { dataTooLarge, repeatedDataKey } from '../codes.ts';
import { bytesOf, encodedBytes, MAX_DATA_BYTES, texts } from './data.ts';
import { type KindDefinition, once } from './definition.ts';
import { breach, flag } from './fields.ts';
import { metadata, typeMeta } from './metadata.ts';

/** ConfigMap (core/v1). */
const schema = once(() =>
  z
    .object({
      ...typeMeta(),
      metadata: metadata(),
      immutable: flag(),
      data: texts(),
      binaryData: encodedBytes(),
    })
    .superRefine(({ data, binaryData }, context) => {
      for (const key of Object.keys(binaryData ?? {})) {
        if (data && Object.hasOwn(data, key)) {
          const rule = { code: repeatedDataKey, onKey: true, tolerated: true };
          breach(context, rule, ['binaryData', key], 'the key is in `data` as well');
        }
      }
      const bytes = bytesOf([data], [binaryData]);
      if (bytes > MAX_DATA_BYTES) {
        const message = `the values have ${bytes} bytes, the limit is ${MAX_DATA_BYTES}`;
        breach(context, { code: dataTooLarge, onKey: true, tolerated: true }, ['data'], message);
      }
    }),
);

export type ConfigMap = z.infer<ReturnType<typeof schema>>;

export const configMapKind: KindDefinition<ConfigMap> = {
  kind: 'ConfigMap',
  apiVersions: ['v1'],
  namespaced: true,
  schema,
};
