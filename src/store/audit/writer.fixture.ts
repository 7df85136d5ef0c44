import { AuditFile } from './audit-file.ts';

/** Appends to the log in a folder until it is killed, or as often as it is told; says `ready` first. */
const [folder = '', count = 'Infinity'] = process.argv.slice(2);
const log = new AuditFile(folder);
process.stdout.write('ready\n');
for (let number = 0; number < Number(count); number++)
  log.append({ event: 'denied', id: `r${process.pid}`, why: 'x'.repeat(2000), by: 'writer' });
