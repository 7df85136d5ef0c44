import { fieldsOf, listOf, textOf } from '../values.ts';
import type { PathMatch, RequestMatch } from './model.ts';

/** The API refuses more in one rule. */
const maxMatches = 64;

/** A rule without matches takes every request. */
const anyRequest: readonly RequestMatch[] = [];

/**
 * Returns the alternatives of a rule's `matches` (Gateway API, HTTPRouteMatch and GRPCRouteMatch). A GRPCRoute's
 * service and method are the path `/service/method` (gRPC over HTTP/2).
 */
export function readMatches(kind: string, matches: unknown): readonly RequestMatch[] {
  const written = listOf(matches).slice(0, maxMatches);
  if (written.length === 0) return anyRequest;
  return written.map((value) => {
    const { path, method, headers, queryParams } = fieldsOf(value);
    const others = listOf(headers).length + listOf(queryParams).length;
    if (kind === 'GRPCRoute') return { path: grpcPath(method), method: undefined, others };
    return { path: httpPath(path), method: textOf(method)?.toUpperCase(), others };
  });
}

function httpPath(value: unknown): PathMatch | undefined {
  if (value === undefined || value === null) return undefined;
  const { type, value: text } = fieldsOf(value);
  const path = textOf(text) ?? '/';
  if (type === 'Exact') return { type: 'exact', value: path };
  if (type === undefined || type === 'PathPrefix') return { type: 'prefix', value: path };
  return { type: type === 'RegularExpression' ? 'regex' : 'unspecified', value: path };
}

function grpcPath(value: unknown): PathMatch | undefined {
  const { type, service, method } = fieldsOf(value);
  const [serviceName, methodName] = [textOf(service), textOf(method)];
  if (serviceName === undefined && methodName === undefined) return undefined;
  if (type === 'RegularExpression' || serviceName === undefined) {
    return { type: 'regex', value: `/${serviceName ?? '[^/]+'}/${methodName ?? '[^/]+'}` };
  }
  return methodName === undefined
    ? { type: 'prefix', value: `/${serviceName}` }
    : { type: 'exact', value: `/${serviceName}/${methodName}` };
}
