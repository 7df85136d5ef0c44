import { expect, test } from 'vitest';
import { imageOf } from './image.ts';

const digest = `sha256:${'d'.repeat(64)}`;
const imageId = 'a'.repeat(64);
const empty = { name: '', userName: '', reference: '', id: '', asked: '', annotations: {} };

test.each([
  [
    'containerd, pulled by the kubelet',
    {
      name: 'docker.io/library/nginx:1.27',
      reference: `docker.io/library/nginx@${digest}`,
      asked: `sha256:${imageId}`,
    },
    { image: 'docker.io/library/nginx:1.27', id: imageId, digest },
  ],
  [
    'imported: no digest of a registry; the id stands for it, as in Falco',
    { name: 'docker.io/library/nginx:1.27', reference: `sha256:${imageId}` },
    { image: 'docker.io/library/nginx:1.27', id: imageId, digest: `sha256:${imageId}` },
  ],
  [
    'the repository of the reference goes before that of the name',
    { name: 'docker.io/mirror/nginx:1.27', reference: `docker.io/library/nginx@${digest}` },
    { image: 'docker.io/library/nginx:1.27', id: undefined, digest },
  ],
  [
    'a port of the registry is no tag',
    { name: 'registry.example:5000/edge/sensor', reference: `registry.example:5000/edge/sensor@${digest}` },
    { image: 'registry.example:5000/edge/sensor', id: undefined, digest },
  ],
  [
    'a port and a tag',
    { name: 'registry.example:5000/edge/sensor:2.1' },
    { image: 'registry.example:5000/edge/sensor:2.1', id: undefined, digest: undefined },
  ],
  [
    'asked for by digest alone',
    { name: `docker.io/library/nginx@${digest}`, reference: `docker.io/library/nginx@${digest}` },
    { image: 'docker.io/library/nginx', id: undefined, digest },
  ],
  [
    'the name is an id: containerd tells the name in an annotation',
    {
      name: `sha256:${imageId}`,
      reference: `sha256:${imageId}`,
      annotations: { 'io.kubernetes.cri.image-name': 'quay.io/a/b:3' },
    },
    { image: 'quay.io/a/b:3', id: imageId, digest: `sha256:${imageId}` },
  ],
  [
    'CRI-O: one annotation has the id, another the name',
    {
      name: imageId,
      reference: `quay.io/a/b@${digest}`,
      id: imageId,
      annotations: { 'io.kubernetes.cri-o.Image': imageId, 'io.kubernetes.cri-o.ImageName': 'quay.io/a/b:3' },
    },
    { image: 'quay.io/a/b:3', id: imageId, digest },
  ],
  [
    'the name is an id, and only the user told the name',
    { name: `sha256:${imageId}`, userName: 'quay.io/a/b:4' },
    { image: 'quay.io/a/b:4', id: undefined, digest: undefined },
  ],
  ['nothing is known', {}, { image: undefined, id: undefined, digest: undefined }],
])('%s', (_, words, expected) => {
  expect(imageOf({ ...empty, ...words })).toEqual(expected);
});
