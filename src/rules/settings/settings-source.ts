import type { EventSource, Extract, Field } from '../../event/field.ts';

/** Returns the source with a field `static.NAME` for each of `static_fields`: for conditions and outputs alike. */
export function withStaticFields<E>(
  source: EventSource<E>,
  values: ReadonlyMap<string, string>,
): EventSource<E> {
  if (values.size === 0) return source;
  const fields = new Map(source.fields);
  for (const [name, value] of values) {
    fields.set(`static.${name}`, {
      name: `static.${name}`,
      type: 'string',
      values: 'one',
      onRight: true,
      doc: 'Given by the configuration, in static_fields.',
      bind: () => () => value,
    });
  }
  return { ...source, fields, typeOf: (event) => source.typeOf(event) };
}

/** Returns the source with bytes as base64, for outputs (`buffer_format_base64`); conditions want the bytes themselves. */
export function withBase64Bytes<E>(source: EventSource<E>): EventSource<E> {
  const fields = new Map<string, Field<E>>();
  for (const [name, field] of source.fields) {
    fields.set(
      name,
      field.type === 'bytes' ? { ...field, bind: (argument) => inBase64(field, argument) } : field,
    );
  }
  return { ...source, fields, typeOf: (event) => source.typeOf(event) };
}

function inBase64<E>(
  field: Field<E>,
  argument: string | undefined,
): Extract<E> | { readonly problem: string } {
  const extract = field.bind(argument);
  if (typeof extract !== 'function') return extract;
  return (event) => {
    const value = extract(event);
    return value instanceof Uint8Array
      ? btoa(Array.from(value, (byte) => String.fromCharCode(byte)).join(''))
      : value;
  };
}
