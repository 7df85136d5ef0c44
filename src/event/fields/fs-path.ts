import { pathBelow } from '../path.ts';
import { baseDirectory } from '../state/base-directory.ts';
import type { SystemEvent } from '../system-event.ts';
import { field, type SystemField } from './define.ts';

/** Where each type of event keeps a path, and the directory that it is relative to. */
type Place = readonly [path: string, directory?: string];

const single: Readonly<Record<string, Place>> = {
  open: ['name'],
  openat: ['name', 'dirfd'],
  openat2: ['name', 'dirfd'],
  open_by_handle_at: ['path'],
  creat: ['name'],
  mkdir: ['path'],
  mkdirat: ['path', 'dirfd'],
  rmdir: ['path'],
  unlink: ['path'],
  unlinkat: ['name', 'dirfd'],
  chmod: ['filename'],
  fchmodat: ['filename', 'dirfd'],
  chown: ['path'],
  fchownat: ['pathname', 'dirfd'],
  mount: ['dir'],
  umount2: ['name'],
  chdir: ['path'],
  chroot: ['path'],
};
const sources: Readonly<Record<string, Place>> = {
  rename: ['oldpath'],
  renameat: ['oldpath', 'olddirfd'],
  renameat2: ['oldpath', 'olddirfd'],
  link: ['oldpath'],
  linkat: ['oldpath', 'olddir'],
  symlink: ['target'],
  symlinkat: ['target'],
};
const targets: Readonly<Record<string, Place>> = {
  rename: ['newpath'],
  renameat: ['newpath', 'newdirfd'],
  renameat2: ['newpath', 'newdirfd'],
  link: ['newpath'],
  linkat: ['newpath', 'newdir'],
  symlink: ['linkpath'],
  symlinkat: ['linkpath', 'linkdirfd'],
};

function raw(places: Readonly<Record<string, Place>>) {
  return (event: SystemEvent) => {
    const place = places[event.typeName];
    return place && event.text(place[0]);
  };
}

function whole(places: Readonly<Record<string, Place>>) {
  return (event: SystemEvent) => {
    const place = places[event.typeName];
    const path = place && event.text(place[0]);
    if (place === undefined || path === undefined) return undefined;
    return pathBelow(baseDirectory(event.raw, place[0], place[1], event.thread), path);
  };
}

/** Paths that calls name, whole and as they were given. */
export const fsPathFields: readonly SystemField[] = [
  field('fs.path.name', 'string', 'Path of the file that the call is about.', whole(single)),
  field('fs.path.nameraw', 'string', 'That path as it was given.', raw(single)),
  field('fs.path.source', 'string', 'Path that is renamed or linked to.', whole(sources)),
  field('fs.path.sourceraw', 'string', 'That path as it was given.', raw(sources)),
  field('fs.path.target', 'string', 'New path of a rename or link.', whole(targets)),
  field('fs.path.targetraw', 'string', 'That path as it was given.', raw(targets)),
];
