/** A Namespace of the given labels. */
export function namespaceYaml(name: string, labels = ''): string {
  return `---\napiVersion: v1\nkind: Namespace\nmetadata: {name: ${name}, labels: {${labels}}}\n`;
}

/** A PeerAuthentication; `spec` is flow YAML. */
export function authenticationYaml(name: string, spec: string): string {
  return resource('PeerAuthentication', name, spec);
}

/** An AuthorizationPolicy; `spec` is flow YAML. */
export function authorizationYaml(name: string, spec: string): string {
  return resource('AuthorizationPolicy', name, spec);
}

function resource(kind: string, qualified: string, spec: string): string {
  const [namespace, name] = qualified.includes('/') ? qualified.split('/') : ['shop', qualified];
  return `---\napiVersion: security.istio.io/v1\nkind: ${kind}\nmetadata:\n  name: ${name}\n  namespace: ${namespace}\nspec: ${spec}\n`;
}
