import { expect, test } from 'vitest';
import { parseImage } from './image.ts';

test.each([
  ['alpine', 'docker.io', 'library/alpine', undefined, undefined],
  ['alpine:3.20', 'docker.io', 'library/alpine', '3.20', undefined],
  ['linuxserver/wireguard:latest', 'docker.io', 'linuxserver/wireguard', 'latest', undefined],
  ['docker.io/alpine', 'docker.io', 'library/alpine', undefined, undefined],
  ['localhost/a/b:1', 'localhost', 'a/b', '1', undefined],
  ['registry.example:5000/team/app', 'registry.example:5000', 'team/app', undefined, undefined],
  ['ghcr.io/a/b@sha256:00', 'ghcr.io', 'a/b', undefined, 'sha256:00'],
  [
    'registry.k8s.io/ingress-nginx/controller:v1.15.1@sha256:00',
    'registry.k8s.io',
    'ingress-nginx/controller',
    'v1.15.1',
    'sha256:00',
  ],
  ['', 'docker.io', 'library/', undefined, undefined],
])('%s', (text, registry, repository, tag, digest) => {
  expect(parseImage(text)).toEqual({ text, registry, repository, tag, digest });
});
