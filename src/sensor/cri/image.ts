/** What the engine says of a container's image, in several words. */
export interface ImageWords {
  /** `image.image` of the status: a name, or an id. */
  readonly name: string;
  /** `image.user_specified_image`. */
  readonly userName: string;
  /** `image_ref`: `repository@sha256:…`, or an id. */
  readonly reference: string;
  /** `image_id`, of newer engines. */
  readonly id: string;
  /** What the container was asked to run: a name, or an id where the kubelet asked. */
  readonly asked: string;
  readonly annotations: Readonly<Record<string, unknown>>;
}

export interface ContainerImage {
  /** Repository and tag, without a digest. */
  readonly image: string | undefined;
  /** Hexadecimal digits. */
  readonly id: string | undefined;
  readonly digest: string | undefined;
}

const nameAnnotations = [
  'io.kubernetes.cri.image-name',
  'io.kubernetes.cri-o.Image',
  'io.kubernetes.cri-o.ImageName',
] as const;

/**
 * Returns repository, tag, digest and id by the rules of Falco's container plugin (`ctrToInfo` in cri.go): the repository of the reference
 * goes before the name's, the tag is the name's, and where the name is an id, annotations tell it. Other than there, a port in the
 * registry's name is no tag.
 */
export function imageOf({ name, userName, reference, id, asked, annotations }: ImageWords): ContainerImage {
  const at = reference.indexOf('@sha256:');
  const repository = at > 0 ? reference.slice(0, at) : undefined;
  const digest = at > 0 ? reference.slice(at + 1) : reference.startsWith('sha256:') ? reference : undefined;
  const spoken = isId(name) ? (annotated(annotations) ?? userName) : name;
  const [repositoryOfName, tag] = split(spoken);
  const known = repository ?? repositoryOfName;
  const image = known === '' ? undefined : tag === undefined ? known : `${known}:${tag}`;
  const digits = [asked, id, reference].find((one) => one.startsWith('sha256:'))?.slice('sha256:'.length);
  return { image, id: digits ?? (/^[0-9a-f]{64}$/.test(id) ? id : undefined), digest };
}

function isId(name: string): boolean {
  return name === '' || name.startsWith('sha256') || /^[0-9a-f]{64}$/.test(name);
}

function annotated(annotations: Readonly<Record<string, unknown>>): string | undefined {
  for (const key of nameAnnotations) {
    const value = annotations[key];
    if (typeof value === 'string' && !isId(value)) return value;
  }
  return undefined;
}

/** Repository and tag of a name; a digest behind it belongs to neither. */
function split(name: string): readonly [string, string | undefined] {
  const [bare = ''] = name.split('@');
  const colon = bare.lastIndexOf(':');
  return colon > bare.lastIndexOf('/') ? [bare.slice(0, colon), bare.slice(colon + 1)] : [bare, undefined];
}
