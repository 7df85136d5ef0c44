import { pathBelow } from '../path.ts';
import { baseDirectory, type PathPlace, pathPlaces } from '../state/base-directory.ts';
import type { SystemEvent } from '../system-event.ts';
import { field, type SystemField } from './define.ts';

/** Where each type of event keeps a path, and the directory that it is relative to. */
type Places = readonly (PathPlace | undefined)[];

const single = pathPlaces({
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
});
const sources = pathPlaces({
  rename: ['oldpath'],
  renameat: ['oldpath', 'olddirfd'],
  renameat2: ['oldpath', 'olddirfd'],
  link: ['oldpath'],
  linkat: ['oldpath', 'olddir'],
  symlink: ['target'],
  symlinkat: ['target'],
});
const targets = pathPlaces({
  rename: ['newpath'],
  renameat: ['newpath', 'newdirfd'],
  renameat2: ['newpath', 'newdirfd'],
  link: ['newpath'],
  linkat: ['newpath', 'newdir'],
  symlink: ['linkpath'],
  symlinkat: ['linkpath', 'linkdirfd'],
});

function raw(places: Places) {
  return ({ raw: { type, params } }: SystemEvent) => {
    const place = places[type];
    const path = place && params[place.path];
    return typeof path === 'string' ? path : undefined;
  };
}

function whole(places: Places) {
  return ({ raw, thread }: SystemEvent) => {
    const place = places[raw.type];
    const path = place && raw.params[place.path];
    if (place === undefined || typeof path !== 'string') return undefined;
    return pathBelow(baseDirectory(raw, place, thread), path);
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
