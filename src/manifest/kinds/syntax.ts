/** Name and label syntax of the Kubernetes API (apimachinery `util/validation`). Each returns what is wrong, or undefined. */

const LABEL = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/;
const SERVICE_LABEL = /^[a-z](?:[-a-z0-9]*[a-z0-9])?$/;
const QUALIFIED = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const PORT_NAME = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/;

/** DNS label, RFC 1123: at most 63 of a-z, 0-9 and `-`, not at either end. */
export function dnsLabelProblem(name: string): string | undefined {
  if (name.length > 63) return 'must have at most 63 characters';
  return LABEL.test(name)
    ? undefined
    : 'must be lower-case letters, digits and `-`, and begin and end with a letter or digit';
}

/** DNS label, RFC 1035: as RFC 1123's, but beginning with a letter. */
export function serviceNameProblem(name: string): string | undefined {
  if (name.length > 63) return 'must have at most 63 characters';
  return SERVICE_LABEL.test(name)
    ? undefined
    : 'must be lower-case letters, digits and `-`, and begin with a letter';
}

/** DNS subdomain, RFC 1123: labels joined by dots, at most 253 characters. */
export function dnsSubdomainProblem(name: string): string | undefined {
  if (name.length > 253) return 'must have at most 253 characters';
  return name.split('.').every((part) => LABEL.test(part))
    ? undefined
    : 'must be lower-case letters, digits, `-` and `.`, and each part must begin and end with a letter or digit';
}

/** Name that may stand in a URL path: what RBAC objects and others without a stricter rule use. */
export function pathSegmentProblem(name: string): string | undefined {
  if (name === '.' || name === '..') return 'must not be `.` or `..`';
  return /[/%]/.test(name) ? 'must not contain `/` or `%`' : undefined;
}

/** Qualified name: an optional DNS subdomain and `/`, then at most 63 letters, digits, `-`, `_` and `.`. */
export function labelKeyProblem(key: string): string | undefined {
  const parts = key.split('/');
  if (parts.length > 2) return 'must have at most one `/`';
  const name = parts.at(-1)!;
  if (parts.length === 2) {
    if (parts[0] === '') return 'must have a DNS name before the `/`';
    const problem = dnsSubdomainProblem(parts[0]!);
    if (problem) return `${problem} before the \`/\``;
  }
  if (name === '') return 'must not be empty';
  if (name.length > 63) return 'must have at most 63 characters after the `/`';
  return QUALIFIED.test(name)
    ? undefined
    : 'must be letters, digits, `-`, `_` and `.`, and begin and end with a letter or digit';
}

/** Label value: empty, or at most 63 letters, digits, `-`, `_` and `.`. */
export function labelValueProblem(value: string): string | undefined {
  if (value.length > 63) return 'must have at most 63 characters';
  return value === '' || QUALIFIED.test(value)
    ? undefined
    : 'must be letters, digits, `-`, `_` and `.`, and begin and end with a letter or digit';
}

/** Port name, RFC 6335 §5.1: at most 15 of a-z, 0-9 and single `-`, with at least one letter. */
export function portNameProblem(name: string): string | undefined {
  if (name.length > 15) return 'must have at most 15 characters';
  if (!PORT_NAME.test(name))
    return 'must be lower-case letters, digits and `-`, and begin and end with a letter or digit';
  if (!/[a-z]/.test(name)) return 'must have at least one letter';
  return name.includes('--') ? 'must not contain `--`' : undefined;
}
