/**
 * What a recording holds whatever rules ask for: starts and ends of programs, files that are opened, made, moved and removed, connections,
 * and calls that give or take rights. Reads, writes and the like are too many to be kept unless a rule asks for them.
 */
export const recordedTypes: readonly string[] = [
  ...['execve', 'execveat', 'clone', 'clone3', 'fork', 'vfork', 'procexit'],
  ...['open', 'openat', 'openat2', 'creat', 'memfd_create'],
  ...['mkdir', 'mkdirat', 'rmdir', 'unlink', 'unlinkat', 'rename', 'renameat', 'renameat2'],
  ...['link', 'linkat', 'symlink', 'symlinkat', 'chmod', 'fchmod', 'fchmodat', 'chown', 'fchown', 'fchownat'],
  ...['socket', 'bind', 'listen', 'connect', 'accept', 'accept4', 'dup2', 'dup3'],
  ...['chdir', 'fchdir', 'chroot', 'mount', 'umount2', 'setns', 'unshare'],
  ...['setuid', 'setgid', 'setresuid', 'setresgid', 'setsid'],
  ...['ptrace', 'bpf', 'userfaultfd'],
  ...['init_module', 'finit_module'],
];
