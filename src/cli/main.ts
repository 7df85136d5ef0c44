import { processIo } from './io.ts';
import { runProgram } from './program.ts';

// A reader that goes away (`picket flows | head`) is no error of ours.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
}
process.exitCode = await runProgram(process.argv.slice(2), processIo);
