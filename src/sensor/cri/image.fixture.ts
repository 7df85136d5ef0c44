import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

/** Commands that are links to busybox. */
const commands =
  'sh cat ls sleep echo cp mv rm ln mkdir chmod touch id env wget nc vi find grep tar dd ps kill mount'.split(
    ' ',
  );

/**
 * Writes images of busybox as `image.tar` in a folder, an OCI layout (https://github.com/opencontainers/image-spec) with one image
 * for each name, and returns the digests of their manifests by name. They sleep when they are not told a command.
 */
export function busyboxImages(folder: string, names: readonly string[]): ReadonlyMap<string, string> {
  const root = join(folder, 'rootfs');
  for (const name of ['bin', 'etc', 'tmp', 'root', 'proc', 'sys', 'dev'])
    mkdirSync(join(root, name), { recursive: true });
  copyFileSync(
    execFileSync('sh', ['-c', 'command -v busybox'], { encoding: 'utf8' }).trim(),
    join(root, 'bin/busybox'),
  );
  for (const name of commands) symlinkSync('busybox', join(root, 'bin', name));
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\n');
  writeFileSync(join(root, 'etc/shadow'), 'root:*:19000:0:99999:7:::\n', { mode: 0o600 });

  const layout = join(folder, 'layout');
  const blobs = join(layout, 'blobs/sha256');
  mkdirSync(blobs, { recursive: true });
  const layerFile = join(folder, 'layer.tar');
  execFileSync('tar', ['--owner=0', '--group=0', '--numeric-owner', '-C', root, '-cf', layerFile, '.']);
  const layer = digestOf(readFileSync(layerFile));
  const layerSize = statSync(layerFile).size;
  renameSync(layerFile, join(blobs, layer));
  const blob = (mediaType: string, value: unknown) => {
    const text = JSON.stringify(value);
    const digest = digestOf(text);
    writeFileSync(join(blobs, digest), text);
    return { mediaType, digest: `sha256:${digest}`, size: Buffer.byteLength(text) };
  };
  const manifests = names.map((name) => {
    const config = blob('application/vnd.oci.image.config.v1+json', {
      architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
      os: 'linux',
      // The label tells the images apart: images of the same configuration are one to the engine.
      config: {
        Cmd: ['/bin/sleep', '1000000'],
        Env: ['PATH=/bin'],
        Labels: { 'org.opencontainers.image.title': name },
      },
      rootfs: { type: 'layers', diff_ids: [`sha256:${layer}`] },
      history: [],
    });
    const layers = [
      { mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: `sha256:${layer}`, size: layerSize },
    ];
    return {
      ...blob('application/vnd.oci.image.manifest.v1+json', { schemaVersion: 2, config, layers }),
      annotations: { 'io.containerd.image.name': name },
    };
  });
  writeFileSync(join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  writeFileSync(join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
  execFileSync('tar', ['-C', layout, '-cf', join(folder, 'image.tar'), '.']);
  return new Map(
    manifests.map(({ annotations, digest }) => [annotations['io.containerd.image.name'], digest]),
  );
}

function digestOf(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
