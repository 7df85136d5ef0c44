/** The parts of a container image's name. */
export interface ImageReference {
  /** As written. */
  readonly text: string;
  /** `docker.io` when none is written. */
  readonly registry: string;
  /** With `library/` before the name of an official image of Docker Hub, e.g. `library/alpine`. */
  readonly repository: string;
  /** Undefined when none is written: then it is `latest`, unless a digest is given. */
  readonly tag: string | undefined;
  /** `sha256:…` */
  readonly digest: string | undefined;
}

/**
 * Returns the parts of an image's name (distribution reference grammar): the first component is a registry when it
 * has a dot or a colon, or is `localhost`. Nothing is refused.
 */
export function parseImage(text: string): ImageReference {
  const [name = '', digest] = splitAt(text, text.indexOf('@'));
  const slash = name.lastIndexOf('/');
  const colon = name.indexOf(':', slash + 1);
  const [path = '', tag] = splitAt(name, colon);
  const first = path.indexOf('/');
  const head = first < 0 ? '' : path.slice(0, first);
  const hasRegistry = /[.:]/.test(head) || head === 'localhost';
  const registry = hasRegistry ? head : 'docker.io';
  const rest = hasRegistry ? path.slice(first + 1) : path;
  const official = (registry === 'docker.io' || registry === 'index.docker.io') && !rest.includes('/');
  return { text, registry, repository: official ? `library/${rest}` : rest, tag, digest };
}

function splitAt(text: string, at: number): [string, string | undefined] {
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
