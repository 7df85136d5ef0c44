import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, test } from 'vitest';
import { describeOutput, numberIn, type Receiver } from '../output.conformance.ts';
import { FileTransport } from './file.ts';
import { HttpTransport } from './http.ts';
import { ProgramTransport } from './program.ts';
import { StdoutTransport } from './stdout.ts';
import { LocalSyslogTransport } from './syslog-local.ts';
import { remoteSyslogTransport } from './syslog-remote.ts';

const folder = mkdtempSync(join(tmpdir(), 'picket-outputs-'));
afterAll(() => rmSync(folder, { recursive: true }));
let count = 0;
const fresh = () => join(folder, String(count++));
const numbersIn = (text: string) => text.split('\n').filter(Boolean).map(numberIn);
const linesOf = (path: string) => () => (existsSync(path) ? numbersIn(readFileSync(path, 'utf8')) : []);

describeOutput('stdout', async () => {
  const path = fresh();
  execFileSync('mkfifo', [path]);
  let reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  let text = '';
  const read = () => {
    const chunk = Buffer.alloc(65536);
    try {
      text += chunk.toString('utf8', 0, readSync(reader, chunk));
    } catch {
      // Nothing there now.
    }
    return numbersIn(text);
  };
  return {
    transport: new StdoutTransport(writer, true),
    received: read,
    down: () => closeSync(reader),
    up: () => {
      reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    },
    stop: () => closeSync(writer),
  };
});

for (const keepAlive of [false, true]) {
  describeOutput(`file, keep_alive ${keepAlive}`, async () => {
    const home = fresh();
    mkdirSync(home);
    const filename = join(home, 'alerts');
    return {
      transport: new FileTransport({ filename, keepAlive, json: false }),
      received: linesOf(filename),
      down: () => renameSync(home, `${home}.away`),
      up: () => renameSync(`${home}.away`, home),
      stop: () => {},
    };
  });

  describeOutput(`program, keep_alive ${keepAlive}`, async () => {
    const path = fresh();
    const script = `${path}.sh`;
    // At once: a script that is read while it is still empty ends with status 0, and has taken the alert by that.
    const becomes = (text: string) => {
      writeFileSync(`${script}.new`, text);
      renameSync(`${script}.new`, script);
    };
    const up = () => becomes(`exec cat >>${path}`);
    up();
    return {
      transport: new ProgramTransport({ program: `exec sh ${script}`, keepAlive, json: true }),
      received: linesOf(path),
      down: () => becomes('exit 1'),
      up,
      stop: () => {},
    };
  });
}

/** A server that can be taken away with its connections and brought back at its port or path. */
async function revived(
  server: Server,
  address: string | 0,
): Promise<{ port: number; down(): Promise<void>; up(): Promise<void> }> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
  });
  let at: string | number = address;
  const up = () =>
    new Promise<void>((done) => {
      if (typeof at === 'string') server.listen(at, done);
      else server.listen(at, '127.0.0.1', done);
    });
  await up();
  const found = server.address();
  const port = typeof found === 'object' && found !== null ? found.port : 0;
  if (typeof at === 'number') at = port;
  const down = () =>
    new Promise<void>((done) => {
      server.close(() => done());
      for (const socket of sockets) socket.destroy();
    });
  return { port, up, down };
}

for (const compress of [false, true]) {
  describeOutput(`http, keep_alive and compress_uploads ${compress}`, async () => {
    const { gunzipSync } = await import('node:zlib');
    const bodies: string[] = [];
    const server = createHttpServer((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part) => parts.push(part));
      request.on('end', () => {
        const body = Buffer.concat(parts);
        bodies.push(String(request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body));
        response.end();
      });
    });
    const { port, up, down } = await revived(server, 0);
    return {
      transport: new HttpTransport({
        url: `http://127.0.0.1:${port}/alerts`,
        userAgent: 'picket',
        headers: {},
        json: true,
        compress,
        keepAlive: compress,
        insecure: false,
      }),
      received: () => bodies.map(numberIn),
      up,
      down,
      stop: async () => void (server.listening && (await down())),
    };
  });
}

/** Splits what arrives: by counted octets, or by the marks that logger(1) puts between messages on a stream. */
function syslogServer(numbers: number[]): Server {
  return createServer((socket) => {
    let rest = '';
    socket.setEncoding('utf8').on('data', (text: string) => {
      rest += text;
      for (;;) {
        const head = /^(\d+) </.exec(rest);
        const end = head === null ? rest.indexOf('\n') + 1 : head[0].length - 1 + Number(head[1]);
        if (end === 0 || rest.length < end) return;
        numbers.push(numberIn(rest.slice(0, end)));
        rest = rest.slice(end);
      }
    });
  });
}

describeOutput('syslog over TCP', async () => {
  const numbers: number[] = [];
  const server = syslogServer(numbers);
  const { port, up, down } = await revived(server, 0);
  return {
    transport: remoteSyslogTransport({ protocol: 'tcp', host: '127.0.0.1', port, json: true }),
    received: () => numbers,
    up,
    down,
    stop: async () => void (server.listening && (await down())),
  };
});

/** A datagram socket of the Unix kind, which Node has not. */
const listener = `
use IO::Socket::UNIX;
my ($path, $lines) = @ARGV;
unlink $path;
my $socket = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $path) or die $!;
$| = 1;
print "ready\\n";
while (defined $socket->recv(my $message, 65536)) {
  $message =~ s/[\\n\\0]+$//;
  open my $file, '>>', $lines or die $!;
  print $file "$message\\n";
  close $file;
}
`;
const hasPerl = spawnSync('perl', ['-MIO::Socket::UNIX', '-e', '1']).status === 0;

if (!hasPerl) test.skip('syslog of the machine as an output (needs the Debian package perl)');
else
  describeOutput('syslog of the machine', async (): Promise<Receiver> => {
    const [path, lines] = [fresh(), fresh()];
    let stop = () => {};
    const up = () =>
      new Promise<void>((ready) => {
        const child = spawn('perl', ['-e', listener, path, lines], {
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        child.stdout.once('data', () => ready());
        stop = () => {
          child.kill('SIGKILL');
          rmSync(path, { force: true });
        };
      });
    await up();
    return {
      transport: new LocalSyslogTransport({ socket: path, json: false }),
      received: linesOf(lines),
      up,
      down: () => stop(),
      stop: () => stop(),
    };
  });
