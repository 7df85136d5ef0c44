import type { Span } from '../../../src/diagnostic/diagnostic.ts';
import type { EndJson } from '../../../src/flow/json.ts';
import type { ObjectReference } from '../../../src/flow/verdict.ts';
import { plain } from './plain.ts';

/** A text that others chose: shown as it is, kept from reordering what stands beside it. */
export function Plain({ text, class: name }: { text: string; class?: string }) {
  return <bdi {...(name && { class: name })}>{plain(text)}</bdi>;
}

/** Where a rule stands, as `file:line:column`. */
export function Place({ span }: { span: Span }) {
  return <Plain class="place" text={`${span.file}:${span.start.line}:${span.start.column}`} />;
}

/** Returns the name of a manifest object, e.g. `NetworkPolicy shop/default-deny`. */
export function objectName(object: ObjectReference): string {
  return `${object.kind} ${object.namespace ? `${object.namespace}/` : ''}${object.name}`;
}

/** Returns the name of an end when it has one beyond its address. */
export function endName(end: EndJson): string | undefined {
  return end.identity && end.identity.name !== end.address ? end.identity.name : undefined;
}

/** Returns address and port as written in URLs (RFC 3986 §3.2.2 brackets IPv6). */
export function addressAndPort(end: EndJson): string {
  return end.address.includes(':') ? `[${end.address}]:${end.port}` : `${end.address}:${end.port}`;
}

/** One end of a flow in two lines: its name, and beneath it the address. */
export function EndText({ end }: { end: EndJson }) {
  const name = endName(end);
  return (
    <span class="end">
      <Plain class="end-name" text={name ?? end.address} />
      {name && <Plain class="end-address" text={end.address} />}
    </span>
  );
}
