import { field, type SystemField } from './define.ts';

/** Nobody has logged in (`loginuid` in the kernel's audit). */
const noLogin = 0xffffffff;

/** Users and groups. */
export const userFields: readonly SystemField[] = [
  field('user.uid', 'integer', 'Number of the user.', ({ thread }) => thread.uid),
  field('user.name', 'string', 'Name of the user.', ({ thread, processes }) =>
    thread.uid === undefined ? undefined : processes.surroundings.userName(thread.uid),
  ),
  field('user.loginuid', 'integer', 'Number of the user who logged in; -1 for none.', ({ thread }) => {
    const { loginuid } = thread;
    return loginuid === undefined ? undefined : loginuid === noLogin ? -1 : loginuid;
  }),
  field('user.loginname', 'string', 'Name of the user who logged in.', ({ thread, processes }) => {
    const { loginuid } = thread;
    if (loginuid === undefined || loginuid < 0 || loginuid === noLogin) return undefined;
    return processes.surroundings.userName(loginuid);
  }),
  field('group.gid', 'integer', 'Number of the group.', ({ thread }) => thread.gid),
  field('group.name', 'string', 'Name of the group.', ({ thread, processes }) =>
    thread.gid === undefined ? undefined : processes.surroundings.groupName(thread.gid),
  ),
];
