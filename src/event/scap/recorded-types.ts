import { eventTypeNumber } from '../event-types.ts';

/** Names of an event's parameters as they stand in a recording. */
export interface RecordedType {
  /** Number of the type; undefined for what is not followed: lists of processes among the events, and the like. */
  readonly type: number | undefined;
  readonly name: string;
  readonly enter: readonly string[];
  readonly exit: readonly string[];
}

/**
 * What the numbers of events in recordings mean: an even one is the entry of a call, the odd one behind it its return; then the
 * names of the parameters of both, by which they are found in today's types. The numbers are those of the capture format's event table
 * (falcosecurity/libs, ppm_events_public.h), which never change.
 */
const table = `
0 syscall | ID nativeID | ID
2 open | name flags mode | fd name flags mode dev
4 close | fd | res
6 read | fd size | res data
8 write | fd size | res data
10 brk | size | res
12 execve |  | res exe args tid pid ptid cwd fdlimit
14 clone |  | res exe args tid pid ptid cwd fdlimit flags uid gid
16 procexit |  |
18 socket | domain type proto | fd
20 bind | fd | res addr
22 connect | fd addr | res tuple
24 listen | fd backlog | res
26 accept |  | fd tuple queuepct
28 sendto | fd size | res data
30 sendto | fd size tuple | res data
32 recvfrom | fd size | res data
34 recvfrom | fd size | res data tuple
36 shutdown | fd how | res
38 getsockname |  |
40 getpeername |  |
42 socketpair | domain type proto | res fd1 fd2 source peer
44 setsockopt |  | res fd level optname val optlen
46 getsockopt |  | res fd level optname val optlen
48 sendmsg | fd size tuple | res data
50 sendmmsg |  |
52 recvmsg | fd | res size data tuple
54 recvmmsg |  |
56 accept4 | flags | fd tuple queuepct
58 creat | name mode | fd name mode dev
60 pipe |  | res fd1 fd2 ino
62 eventfd | initval flags | res
64 futex | addr op val | res
66 stat |  | res path
68 lstat |  | res path
70 fstat | fd | res
72 stat |  | res path
74 lstat |  | res path
76 fstat | fd | res
78 epoll_wait | maxevents | res
80 poll | fds timeout | res fds
82 select |  | res
84 select |  | res
86 lseek | fd offset whence | res
88 lseek | fd offset whence | res
90 ioctl | fd request | res
92 getcwd |  | res path
94 chdir |  | res path
96 fchdir | fd | res
98 mkdir | path mode | res
100 rmdir | path | res
102 openat | dirfd name flags mode | fd
104 link | oldpath newpath | res
106 linkat | olddir oldpath newdir newpath | res
108 unlink | path | res
110 unlinkat | dirfd name | res
112 pread64 | fd size pos | res data
114 pwrite64 | fd size pos | res data
116 readv | fd | res size data
118 writev | fd size | res data
120 preadv | fd pos | res size data
122 pwritev | fd size pos | res data
124 dup | oldfd | res
126 signalfd | fd mask flags | res
128 kill | pid sig | res
130 tkill | tid sig | res
132 tgkill | pid tid sig | res
134 nanosleep | interval | res
136 timerfd_create | clockid flags | res
138 inotify_init | flags | res
140 getrlimit | resource | res cur max
142 setrlimit | resource | res cur max
144 prlimit64 | pid resource | res newcur newmax oldcur oldmax
146 switch | next |
148 drop |  |
150 fcntl | fd cmd | res
152 switch | next pgft_maj pgft_min vm_size vm_rss vm_swap |
154 execve |  | res exe args tid pid ptid cwd fdlimit pgft_maj pgft_min vm_size vm_rss vm_swap
156 clone |  | res exe args tid pid ptid cwd fdlimit pgft_maj pgft_min vm_size vm_rss vm_swap flags uid gid vtid vpid
158 brk | addr | res vm_size vm_rss vm_swap
160 mmap | addr length prot flags fd offset | res vm_size vm_rss vm_swap
162 mmap | addr length prot flags fd pgoffset | res vm_size vm_rss vm_swap
164 munmap | addr length | res vm_size vm_rss vm_swap
166 splice | fd_in fd_out size flags | res
168 ptrace | request pid | res addr data
170 ioctl | fd request argument | res
172 execve |  | res exe args tid pid ptid cwd fdlimit pgft_maj pgft_min vm_size vm_rss vm_swap env
174 rename |  | res oldpath newpath
176 renameat |  | res olddirfd oldpath newdirfd newpath
178 symlink |  | res target linkpath
180 symlinkat |  | res target linkdirfd linkpath
182 fork |  | res exe args tid pid ptid cwd fdlimit pgft_maj pgft_min vm_size vm_rss vm_swap flags uid gid vtid vpid
184 vfork |  | res exe args tid pid ptid cwd fdlimit pgft_maj pgft_min vm_size vm_rss vm_swap flags uid gid vtid vpid
186 procexit | status ret sig core |
188 sendfile | out_fd in_fd offset size | res offset
190 quotactl | cmd type id quota_fmt | res special quotafilepath dqb_bhardlimit dqb_bsoftlimit dqb_curspace dqb_ihardlimit dqb_isoftlimit dqb_btime dqb_itime dqi_bgrace dqi_igrace dqi_flags quota_fmt_out
192 setresuid | ruid euid suid | res
194 setresgid | rgid egid sgid | res
198 setuid | uid | res
200 setgid | gid | res
202 getuid |  | uid
204 geteuid |  | euid
206 getgid |  | gid
208 getegid |  | egid
210 getresuid |  | res ruid euid suid
212 getresgid |  | res rgid egid sgid
214 execve |  | res exe args tid pid ptid cwd fdlimit pgft_maj pgft_min vm_size vm_rss vm_swap comm env
216 clone |  | res exe args tid pid ptid cwd fdlimit pgft_maj pgft_min vm_size vm_rss vm_swap comm flags uid gid vtid vpid
218 fork |  | res exe args tid pid ptid cwd fdlimit pgft_maj pgft_min vm_size vm_rss vm_swap comm flags uid gid vtid vpid
220 vfork |  | res exe args tid pid ptid cwd fdlimit pgft_maj pgft_min vm_size vm_rss vm_swap comm flags uid gid vtid vpid
222 clone |  | res exe args tid pid ptid cwd fdlimit pgft_maj pgft_min vm_size vm_rss vm_swap comm cgroups flags uid gid vtid vpid
224 fork |  | res exe args tid pid ptid cwd fdlimit pgft_maj pgft_min vm_size vm_rss vm_swap comm cgroups flags uid gid vtid vpid
226 vfork |  | res exe args tid pid ptid cwd fdlimit pgft_maj pgft_min vm_size vm_rss vm_swap comm cgroups flags uid gid vtid vpid
228 container |  |
230 execve |  | res exe args tid pid ptid cwd fdlimit pgft_maj pgft_min vm_size vm_rss vm_swap comm cgroups env
232 signaldeliver | spid dpid sig |
234 procinfo |  |
236 getdents | fd | res
238 getdents64 | fd | res
240 setns | fd nstype | res
242 flock | fd operation | res
244 cpu_hotplug | cpu action |
246 accept |  | fd tuple queuepct queuelen queuemax
248 accept4 | flags | fd tuple queuepct queuelen queuemax
250 semop | semid | res nsops sem_num_0 sem_op_0 sem_flg_0 sem_num_1 sem_op_1 sem_flg_1
252 semctl | semid semnum cmd val | res
254 ppoll | fds timeout sigmask | res fds
256 mount | flags | res dev dir type
258 umount2 | flags | res name
260 k8s |  |
262 semget | key nsems semflg | res
264 access | mode | res name
266 chroot |  | res path
268 tracer | id tags args | id tags args
270 mesos |  |
272 container | json |
274 setsid |  | res
276 mkdir | mode | res path
278 rmdir |  | res path
280 notification | id desc |
282 execve |  | res exe args tid pid ptid cwd fdlimit pgft_maj pgft_min vm_size vm_rss vm_swap comm cgroups env tty
284 unshare | flags | res
286 infrastructure |  |
288 execve | filename | res exe args tid pid ptid cwd fdlimit pgft_maj pgft_min vm_size vm_rss vm_swap comm cgroups env tty
290 page_fault | addr ip error |
292 execve | filename | res exe args tid pid ptid cwd fdlimit pgft_maj pgft_min vm_size vm_rss vm_swap comm cgroups env tty vpgid loginuid flags
294 setpgid | pid pgid | res
296 bpf | cmd | fd
298 seccomp | op | res
300 unlink |  | res path
302 unlinkat |  | res dirfd name flags
304 mkdirat |  | res dirfd path mode
306 openat | dirfd name flags mode | fd dirfd name flags mode dev
308 link |  | res oldpath newpath
310 linkat |  | res olddir oldpath newdir newpath flags
312 fchmodat |  | res dirfd filename mode
314 chmod |  | res filename mode
316 fchmod |  | res fd mode
318 renameat2 |  | res olddirfd oldpath newdirfd newpath flags
320 userfaultfd |  | res flags
322 pluginevent | plugin event_data |
324 container | json |
326 openat2 | dirfd name flags mode resolve | fd dirfd name flags mode resolve
328 mprotect | addr length prot | res
330 execveat | dirfd pathname flags_at | res exe args tid pid ptid cwd fdlimit pgft_maj pgft_min vm_size vm_rss vm_swap comm cgroups env tty vpgid loginuid flags
332 copy_file_range | fdin offin len | res fdout offout
334 clone3 |  | res exe args tid pid ptid cwd fdlimit pgft_maj pgft_min vm_size vm_rss vm_swap comm cgroups flags uid gid vtid vpid`;

const words = (text: string) => text.split(' ').filter((word) => word !== '');

const types: ReadonlyMap<number, RecordedType> = new Map(
  table
    .trim()
    .split('\n')
    .map((line) => {
      const [head = '', enter = '', exit = ''] = line.split('|').map((part) => part.trim());
      const [number, name = ''] = head.split(' ');
      return [Number(number), { type: eventTypeNumber(name), name, enter: words(enter), exit: words(exit) }];
    }),
);

/** Number of the entry of a call that has no entry of its own in the table: its first parameters say which one it is. */
export const genericCall = 0;

/** Returns what an event's number in a recording means; undefined for numbers that are newer than the table. */
export function recordedType(number: number): RecordedType | undefined {
  return types.get(number & ~1);
}
